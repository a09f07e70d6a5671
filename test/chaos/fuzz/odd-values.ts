import fc from 'fast-check';
import { Verbatim } from './loose-json.js';

const DEEP = 300;
/** Far more digits than Python reads. */
const DIGITS = 5_000;

/** Names that mean something to JavaScript, to Celery or to kombu. */
export const NAMES: readonly string[] = [
  ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'toJSON', 'then', 'hasOwnProperty'],
  ['__type__', '__value__', 'length', '0', '', 'task', 'id', 'args', 'kwargs', 'options', 'subtask_type'],
  ['tasks', 'header', 'body', 'chord', 'chain', 'callbacks', 'errbacks', 'eta', 'expires', 'compression'],
  ['retries', 'group', 'stamps', 'x-death', 'x-delivery-count', 'x-deferred-from', 'delivery_info', 'ok'],
  ['error', 'type', 'uuid', 'hostname', 'pattern', 'matcher', 'reply_to', 'ticket', 'exc_type', 'exc_module'],
].flat();

const SIGNATURE = {
  task: 'tw.add',
  args: [1],
  kwargs: {},
  options: {},
  subtask_type: null,
  immutable: false,
};

const WRITTEN: readonly unknown[] = [
  [null, true, false, 0, -0, -1, 1, 1.5, 0.1, 2 ** 31, 2 ** 53, -(2 ** 53), 1e21, 1e-7, 5e-324, 1.7e308],
  [2n ** 63n, 2n ** 64n, -(2n ** 70n), Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ['', ' ', 'x', '0', '-1', 'null', 'true', 'é', '\0', '\n', '\u{10ffff}', '\u202e', '\u2028', '\ufeff'],
  ['\ud800', '\udfff', 'x'.repeat(300), 'x'.repeat(10_000), '../../etc/passwd', '%s%n', '${1}', '{{1}}'],
  ['2026-11-21T04:03:15', '2026-13-45T99:99:99Z', '0000-00-00', '9999-12-31T23:59:59.999999+23:59'],
  ['2026-02-30', '+275761-01-01T00:00:00Z', '1795234187.95', '10s', 'NaN', 'Infinity', '1e400'],
  ['application/x-python-serialize', 'application/json', 'base64', 'gzip', 'zlib', 'application/x-gzip'],
  ['group', 'chord', 'chain', 'map', 'starmap', 'chunks', 'xmap', 'glob', 'pcre', '(a*)*b', '*'.repeat(200)],
  [[], {}, [[]], [{}], [null], [null, null, null], ['x'], [1, 2, 3], { a: 1 }, { a: { a: { a: {} } } }],
  NAMES.map((name) => new Verbatim(`{${JSON.stringify(name)}: {"polluted": 1}}`)),
  ['datetime', 'date', 'time', 'decimal', 'uuid', 'bytes', 'base64', '__proto__', 'constructor', 7, null].map(
    (type) => ({ __type__: type, __value__: type === 'datetime' ? 'no date' : '2026-01-01' }),
  ),
  { __type__: 'datetime', __value__: '2026-11-21T04:03:15.013121+00:00' },
  { __type__: 'bytes', __value__: '=' },
  ['group', 'chord', 'chain', 'xmap', 'xstarmap', 'chunks', 'accumulate', '__proto__', 'no such'].map(
    (type) => ({ ...SIGNATURE, subtask_type: type }),
  ),
  { ...SIGNATURE, task: 'celery.group', kwargs: { tasks: [SIGNATURE, 5, null] }, subtask_type: 'group' },
  { ...SIGNATURE, task: 'celery.chain', kwargs: { tasks: [[SIGNATURE]] }, subtask_type: 'chain' },
  { ...SIGNATURE, task: 'celery.chord', kwargs: { header: SIGNATURE, body: [] }, subtask_type: 'chord' },
  { ...SIGNATURE, options: { task_id: 5, queue: {}, eta: 'x', countdown: 'y', link: 7, chord: [] } },
  [
    '1e999999',
    '-',
    '01',
    '.5',
    '+1',
    '0x10',
    '1_000',
    'nan',
    '"\\x41"',
    '"\\ud800"',
    '"\\u005f_proto__"',
  ].map((text) => new Verbatim(text)),
  ['"\\u0000"', '"a\nb"', "'x'", 'undefined', '{"a": 1, "a": 2}', '[1,]', '{"a" 1}', '/* */ 1', '', ','].map(
    (text) => new Verbatim(text),
  ),
  new Verbatim('9'.repeat(DIGITS)),
  new Verbatim(`0.${'9'.repeat(DIGITS)}`),
  new Verbatim(`${'['.repeat(DEEP)}${']'.repeat(DEEP)}`),
  new Verbatim(`${'{"a": '.repeat(DEEP)}1${'}'.repeat(DEEP)}`),
  new Verbatim(`${'['.repeat(DEEP)}`),
  new Verbatim('{"\\u005f\\u005fproto\\u005f\\u005f": {"polluted": 1}}'),
].flat();

/** Values that something has stumbled over somewhere, and some that nobody has thought of. */
export function oddValues(seed: number): readonly unknown[] {
  const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 30 }), { seed, numRuns: 60 });
  const trees = fc.sample(fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), { seed, numRuns: 120 });
  return [...WRITTEN, ...texts, ...trees];
}
