import { inspect } from 'node:util';
import { TaskMetaCodec } from '../../../lib/backend/task-meta.codec.js';
import { encodeEnvelope } from '../../../lib/broker/redis/redis.envelope.js';
import { isAddressed } from '../../../lib/control/addressed.js';
import { parseCeleryDate } from '../../../lib/message/celery-date.js';
import type { Content } from '../../../lib/message/content.js';
import { KombuValue, type KombuType } from '../../../lib/message/kombu-value.js';
import { argsrepr } from '../../../lib/message/saferepr.js';
import { taskError } from '../../../lib/result/task-error.js';
import { compileGlob } from '../../../lib/runtime/glob.js';
import { nearest } from '../../../lib/runtime/nearest.js';
import { printable } from '../../../lib/worker/printable.js';
import { NAMES } from './odd-values.js';
import { readsControl, readsEvents, readsReplies, readsResults, readsTasks } from './readers.js';

/** Something a peer may send, in the hope that it does more than be read. */
export interface Threat {
  readonly name: string;
  /** Whether it was read, or refused. */
  readonly run: () => boolean;
}

/** What reading should run a program: in Python, in YAML, in JavaScript. */
const PAYLOADS: readonly Buffer[] = [
  Buffer.from(
    '\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.',
    'latin1',
  ),
  Buffer.from("cos\nsystem\n(S'id'\ntR."),
  Buffer.from('- !!python/object/apply:os.system ["id"]\n- {}\n- {}\n'),
  Buffer.from('- !!js/function "function () { process.exit() }"\n- {}\n- {}\n'),
  Buffer.from('- !!js/regexp /(a*)*b/\n- {}\n- {}\n'),
  Buffer.from('[[{"__type__": "function", "__value__": "process.exit()"}], {}, {}]'),
  Buffer.from('[[{"rce": "_$$ND_FUNC$$_function (){process.exit()}()"}], {}, {}]'),
  Buffer.from('93c7047301020304808', 'hex'),
  Buffer.from('process.exit()'),
  Buffer.from('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
];

const CONTENT_TYPES: readonly string[] = [
  ['application/x-python-serialize', 'pickle', 'application/pickle', 'application/x-pickle', 'text/x-python'],
  [
    'application/x-yaml',
    'yaml',
    'text/yaml',
    'application/yaml',
    'application/x-msgpack',
    'application/data',
  ],
  [
    'application/text',
    'text/plain',
    'application/javascript',
    'text/javascript',
    'application/x-sh',
    'text/html',
  ],
  ['application/json; charset=x', 'APPLICATION/X-PYTHON-SERIALIZE', ' application/x-python-serialize', ''],
  ['application/json\0', 'application/json,application/x-python-serialize', 'application/xml', '*/*'],
  ['application/x-v8', 'application/x-node-module', 'file:///etc/passwd', '../../pickle', 'constructor'],
].flat();
const ENCODINGS = ['utf-8', 'binary', '', 'utf-7', 'base64', 'hex', 'rot13', 'zlib', 'punycode', '__proto__'];
const COMPRESSIONS = [undefined, 'gzip', 'lzma', 'constructor', '../zlib', 'application/x-gzip'];

/** Everything but JSON. @param content that accepts JSON alone */
export function contentTypeThreats(content: Content): readonly Threat[] {
  const reads = readsTasks(content);
  return CONTENT_TYPES.flatMap((contentType) =>
    ENCODINGS.flatMap((contentEncoding) =>
      COMPRESSIONS.flatMap((compression) =>
        PAYLOADS.map((body, index) => {
          const headers = { task: 'tw.add', id: 'an-id', compression };
          const raw = () => envelope({ body, contentType, contentEncoding, headers });
          const name = `payload ${index} as ${contentType}, ${contentEncoding}, ${compression}`;
          return { name, run: () => refusedTo(reads(raw())) };
        }),
      ),
    ),
  );
}

/** A body in a form that is not accepted was read all the same. */
function refusedTo(wasRead: boolean): false {
  if (wasRead) throw new Error('it was read');
  return false;
}

const MODULES = [
  [
    'os',
    'builtins',
    'subprocess',
    'posix',
    'sys',
    'child_process',
    'node:child_process',
    'fs',
    'vm',
    'module',
  ],
  [
    'process',
    'globalThis',
    'celery.exceptions',
    'billiard.exceptions',
    '',
    '__main__',
    '../../lib/errors.js',
  ],
  [
    'constructor',
    '__proto__',
    'data:text/javascript,process.exit()',
    'file:///etc/passwd',
    'http://127.0.0.1:1',
  ],
].flat();
const TYPES = [
  [
    'system',
    'eval',
    'exec',
    'Popen',
    'execSync',
    'Function',
    'constructor',
    'prototype',
    '__proto__',
    'default',
  ],
  ['process.mainModule.require', 'Object.prototype', 'require', 'import', 'SystemExit', 'KeyboardInterrupt'],
  ['TaskFailedError', 'toString', 'Proxy', 'Symbol.iterator', 'ValueError', 'a b', '', '${process.exit()}'],
].flat();
const MESSAGES: readonly unknown[] = [
  ['rsync / evil'],
  'process.exit()',
  JSON.parse('{"toString": "x", "valueOf": {}, "then": "y", "toJSON": 1, "length": -1}'),
  JSON.parse('[{"then": {"constructor": "x"}, "constructor": {"prototype": {"polluted": 1}}}]'),
  [[[[['deep']]]], Number.NaN, null, '\u001B[2J\n\u202E'],
  null,
  'x'.repeat(100_000),
];

/** Stored failures whose exception should become a class, a module or a call where the result is asked for. */
export function exceptionThreats(content: Content): readonly Threat[] {
  const metas = new TaskMetaCodec(content, 'json');
  return MODULES.flatMap((module) =>
    TYPES.flatMap((type) =>
      MESSAGES.map((message, index) => ({
        name: `${module}.${type}, message ${index}`,
        run: () => {
          const result = { exc_type: type, exc_message: message, exc_module: module };
          const status = index % 2 === 0 ? 'FAILURE' : 'REVOKED';
          const document = { status, result, traceback: `${type}: x`, task_id: 'an-id' };
          const error = taskError(metas.decode(content.encode(document, 'json').body, 'an-id'));
          // What callers and their loggers do with it.
          const shown = [String(error), error.stack, inspect(error), JSON.stringify(error)].join();
          if (!['TaskFailedError', 'TaskRevokedError'].includes(error.constructor.name))
            throw new Error(`became a ${error.constructor.name}: ${shown}`);
          return true;
        },
      })),
    ),
  );
}

const KEYS = [
  [
    '__proto__',
    String.raw`__\u0070roto__`,
    String.raw`\u005f\u005fproto\u005f\u005f`,
    'constructor',
    'prototype',
  ],
  [
    '__defineGetter__',
    '__defineSetter__',
    '__lookupGetter__',
    'toString',
    'valueOf',
    'toJSON',
    'hasOwnProperty',
  ],
].flat();
const VALUES = [
  ['{"polluted": 1}', '{"prototype": {"polluted": 1}}', '[]', 'null', '1', '"polluted"', '{"toString": 1}'],
  [
    '{"__proto__": {"polluted": 1}}',
    '{"get": 1, "set": 2, "value": 3}',
    '{"constructor": {"prototype": {"a": 1}}}',
  ],
].flat();
const EVENT = '"type": "task-received", "hostname": "w1@vm", "timestamp": 1, "uuid": "x"';
/** Where a key and its value can stand: what is read there, and the text of it. */
const PLACES: readonly (readonly [Place, (member: string) => string])[] = [
  ['task', (member) => `[[{${member}}], {}, {}]`],
  ['task', (member) => `[[], {${member}}, {}]`],
  ['task', (member) => `[[], {}, {${member}}]`],
  ['task', (member) => `[[], {}, {"callbacks": [{"task": "t", ${member}}]}]`],
  ['task', (member) => `[[], {}, {"callbacks": [{"task": "t", "options": {${member}}}]}]`],
  ['task', (member) => `[[], {}, {"chord": {"task": "t", "kwargs": {${member}}, "subtask_type": "group"}}]`],
  ['task', (member) => `[[{"__type__": "datetime", "__value__": {${member}}}], {}, {}]`],
  ['events', (member) => `{${EVENT}, ${member}}`],
  ['events', (member) => `{"type": "own", "hostname": "h", "timestamp": 1, "x": {${member}}}`],
  ['events', (member) => `[{${member}}, {${EVENT}}]`],
  ['control', (member) => `{"method": "ping", "arguments": {${member}}}`],
  ['control', (member) => `{"method": "ping", ${member}}`],
  ['control', (member) => `{"method": "ping", "ticket": "t", "reply_to": {"exchange": "x", ${member}}}`],
  ['replies', (member) => `{"w1@vm": {${member}}}`],
  ['replies', (member) => `{${member}}`],
  ['results', (member) => `{"status": "FAILURE", "result": {"exc_type": "E", ${member}}, "task_id": "x"}`],
  ['results', (member) => `{"status": "SUCCESS", "result": {${member}}, "task_id": "x", ${member}}`],
  ['results', (member) => `{"result": [["g", null], [{${member}}]], ${member}}`],
];
type Place = 'task' | 'events' | 'control' | 'replies' | 'results';

/** Keys that reach a prototype where a reader copies them without care. */
export function pollutionThreats(content: Content): readonly Threat[] {
  const readers: Readonly<Record<Place, (input: Buffer) => boolean>> = {
    task: readsTasks(content),
    events: readsEvents(content),
    control: readsControl(content),
    replies: readsReplies(content),
    results: readsResults(content),
  };
  return PLACES.flatMap(([place, text]) =>
    KEYS.flatMap((key) =>
      VALUES.map((value) => {
        const body = Buffer.from(text(`"${key}": ${value}`));
        // In the headers too, as they are JSON on Redis.
        const written = envelope({ body, headers: { task: 'tw.add', id: 'an-id' } }).toString();
        const headers = written.replace('"headers": {', `"headers": {"${key}": ${value}, `);
        const input = place === 'results' ? body : Buffer.from(headers);
        const run = () => {
          const wasRead = readers[place](input);
          if (Reflect.get({}, 'polluted') !== undefined) throw new Error('the prototype is polluted');
          return wasRead;
        };
        return { name: body.toString(), run };
      }),
    ),
  );
}

/** Texts that make a careless expression go back and forth. */
const REPEATED = [
  ['a', '0', '9', ' ', '\t', '-', '.', '*', '?', '[', ']', '(', ')', '\\', '+', ':', 'T', 'Z', '=', '/', '_'],
  [
    'a*',
    '*a',
    '[a',
    '(a*)*',
    '(a+)+',
    '(.*)*',
    '@(a|',
    '*(a|',
    '{1,1000}',
    '.*',
    '\u0000',
    '\u200D',
    '0.',
    '1e',
    '--',
  ],
  NAMES,
].flat();
const LENGTHS = [30, 200, 255, 5_000, 60_000];
const TYPED: readonly KombuType[] = ['decimal', 'uuid', 'date', 'time'];

/** The same to everything that looks at text from outside. */
export function patternThreats(content: Content): readonly Threat[] {
  const texts = REPEATED.flatMap((repeated) =>
    LENGTHS.flatMap((length) => {
      const long = repeated.repeat(Math.ceil(length / Math.max(1, repeated.length))).slice(0, length);
      return [long, `${long}!`, `2026-01-01T${long}`, `${long}b`];
    }),
  );
  const route = compileGlob('*a*a*a*a*a*a*b');
  const task = readsTasks(content);
  const looks: readonly (readonly [string, (text: string) => unknown])[] = [
    ['a control pattern', (pattern) => ADDRESSED.map((matcher) => addressed(pattern, matcher))],
    ['a glob and its text', (text) => [route(text), compileGlob(text.slice(0, 200))(text)]],
    ['a date', (text) => parseCeleryDate(text)],
    ['typed values', (text) => TYPED.map((type) => KombuValue.parse(type, text))],
    [
      'a name for people',
      (text) => [printable(text), nearest(text.slice(0, 255), ['tw.add', 'tw.mul']), argsrepr([text])],
    ],
    [
      'a task',
      (text) => task(envelope({ headers: { task: text, id: text, eta: text, expires: text, shadow: text } })),
    ],
  ];
  return looks.flatMap(([what, look]) =>
    texts.map((text) => ({
      name: `${what}: ${JSON.stringify(text.slice(0, 40))}, ${text.length} long`,
      run: () => (look(text), true),
    })),
  );
}

const ADDRESSED = ['glob', 'pcre'] as const;

function addressed(pattern: string, matcher: 'glob' | 'pcre'): boolean {
  return isAddressed('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@aaaaaaaaaaaaaaaaaaaa!', {
    kind: 'matching',
    pattern,
    matcher,
  });
}

interface Wish {
  readonly body?: Buffer;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function envelope({
  body = Buffer.from('[[], {}, {}]'),
  contentType = 'application/json',
  contentEncoding = 'utf-8',
  headers,
}: Wish): Buffer {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
  const properties = { deliveryMode: 2, priority: 0 } as const;
  const message = { body, contentType, contentEncoding, headers: given, properties };
  return Buffer.from(encodeEnvelope(message, '', 'celery')('a-tag'));
}
