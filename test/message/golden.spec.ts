import { describe, expect, it } from 'vitest';
import { UndecodableMessageError } from '../../lib/errors.js';
import { KombuValue } from '../../lib/message/kombu-value.js';
import { decodeTaskMessage, encodeTaskMessage } from '../../lib/message/task-message.codec.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { contentOf } from './open-content.js';

const content = await contentOf({ acceptContent: ['json', 'msgpack', 'yaml'] });

/** What both versions write where the call says nothing else. */
const DEFAULTS = {
  lang: 'py',
  shadow: null,
  eta: null,
  expires: null,
  group: null,
  group_index: null,
  retries: 0,
  timelimit: [null, null],
  parent_id: null,
  origin: 'gen6970@vm',
  ignore_result: false,
};
const ONLY_5_6 = { replaced_task_nesting: 0, stamped_headers: null, stamps: {} };
const EMBED = '{"callbacks": null, "errbacks": null, "chain": null, "chord": null}';

interface Captured {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: string | Buffer;
  readonly contentType?: string;
}

function wireOf(version: string, { headers, body, contentType = 'application/json' }: Captured): WireMessage {
  return {
    body: Buffer.from(body ?? `[[1], {}, ${EMBED}]`),
    contentType,
    contentEncoding: contentType.endsWith('msgpack') ? 'binary' : 'utf-8',
    headers: { ...DEFAULTS, ...(version === '5.6' ? ONLY_5_6 : {}), ...headers },
    properties: { correlationId: String(headers['id']), replyTo: 'r', deliveryMode: 2, priority: 0 },
  };
}

/** Captured publishes of Celery, the same from 5.2.6 and 5.6. */
const PUBLISHED: readonly (readonly [what: string, captured: Captured, expected: Record<string, unknown>])[] =
  [
    [
      'a countdown and expires',
      {
        headers: {
          task: 'tw.add',
          id: 't1',
          eta: '2026-11-21T04:03:15.013121+00:00',
          expires: '2026-11-21T04:03:35.013121+00:00',
          root_id: 't1',
          argsrepr: '(1,)',
          kwargsrepr: '{}',
        },
      },
      {
        etaMs: Date.parse('2026-11-21T04:03:15.013Z'),
        expiresMs: Date.parse('2026-11-21T04:03:35.013Z'),
        expires: '2026-11-21T04:03:35.013121+00:00',
      },
    ],
    [
      'a naive eta',
      {
        headers: {
          task: 'tw.add',
          id: 't2',
          eta: '2030-01-02T03:04:05',
          expires: '2031-01-01T00:00:00+00:00',
        },
      },
      { etaMs: Date.parse('2030-01-02T03:04:05Z'), rootId: 't2' },
    ],
    [
      'an eta with an offset',
      { headers: { task: 'tw.add', id: 't2', eta: '2030-01-02T03:04:05.678000+02:00' } },
      { etaMs: Date.parse('2030-01-02T01:04:05.678Z') },
    ],
    [
      'headers, shadow and limits',
      {
        headers: {
          task: 'tw.add',
          id: 't3',
          shadow: 'sh',
          timelimit: [10, 5],
          kwargsrepr: "{'y': 2}",
          ignore_result: true,
          'x-foo': 'bar',
        },
        body: `[[1], {"y": 2}, ${EMBED}]`,
      },
      {
        shadow: 'sh',
        timeLimit: { hard: 10, soft: 5 },
        kwargs: { y: 2 },
        ignoreResult: true,
        customHeaders: { 'x-foo': 'bar' },
      },
    ],
    [
      'text beyond ASCII',
      { headers: { task: 'tw.add', id: 't4' }, body: String.raw`[[1, "\u00e9"], {}, ${EMBED}]` },
      { args: [1, 'é'], serializer: 'json' },
    ],
    [
      'msgpack',
      {
        headers: { task: 'tw.add', id: 't4' },
        contentType: 'application/x-msgpack',
        body: Buffer.from(
          '939201a2c3a98084a963616c6c6261636b73c0a86572726261636b73c0a5636861696ec0a563686f7264c0',
          'hex',
        ),
      },
      { args: [1, 'é'], serializer: 'msgpack' },
    ],
    [
      'YAML',
      {
        headers: { task: 'tw.add', id: 't4' },
        contentType: 'application/x-yaml',
        body: '- - 1\n  - "\\xE9"\n- {}\n- callbacks: null\n  chain: null\n  chord: null\n  errbacks: null\n',
      },
      { args: [1, 'é'], serializer: 'yaml' },
    ],
    [
      'zlib',
      {
        headers: { task: 'tw.add', id: 't5', compression: 'application/x-gzip' },
        body: Buffer.from(
          '789c8b8e368cd551a8ae0562a5e4c49c9ca4c4e4ec62252b85bcd29c1c1d05a5d4a2223491e48cc4cc3c646e7e510a945b1b0b00e12a1972',
          'hex',
        ),
      },
      { args: [1], compression: 'application/x-gzip' },
    ],
    [
      'bzip2',
      {
        headers: { task: 'tw.add', id: 't5', compression: 'application/x-bz2' },
        body: Buffer.from(
          '425a683931415926535967583a3d00000e1b8050042010000a3e6d9a0a20005435006834069a0940a0d1ea0f50c8c900a7b4b37cd3c4c4cee0ad31c95dded64a1da07520308eae4300897ca10090e53e2ee48a70a120ceb0747a',
          'hex',
        ),
      },
      { args: [1], compression: 'application/x-bz2' },
    ],
  ];

describe.each(['5.2.6', '5.6'])('a message captured from Celery %s', (version) => {
  it.each(PUBLISHED)('with %s is read', (_what, captured, expected) => {
    const message = decodeTaskMessage(wireOf(version, captured), content);
    expect(message).toMatchObject({
      task: captured.headers['task'],
      id: captured.headers['id'],
      ...expected,
    });
  });

  it.each(PUBLISHED)('with %s is written again with the same headers', (_what, captured, { etaMs }) => {
    const wire = wireOf('5.6', captured);
    const written = encodeTaskMessage(decodeTaskMessage(wire, content), content);
    const { eta: _, ...headers } = written.headers;
    const { eta: __, ...expected } = wire.headers;
    expect(headers).toEqual({
      root_id: wire.headers['id'],
      argsrepr: '',
      kwargsrepr: '',
      ...expected,
      lang: 'js',
    });
    expect(decodeTaskMessage(written, content).etaMs).toBe(etaMs);
    expect(written.contentType).toBe(wire.contentType);
  });
});

describe('a value as kombu writes it', () => {
  const bodyOf = (arg: string): WireMessage =>
    wireOf('5.6', { headers: { task: 'tw.ident', id: 't6' }, body: `[[${arg}], {}, ${EMBED}]` });

  it.each<[string, unknown]>([
    [
      '{"__type__": "datetime", "__value__": "2024-01-02T03:04:05.000678"}',
      new Date('2024-01-02T03:04:05.000Z'),
    ],
    ['{"__type__": "datetime", "__value__": "2024-01-02T03:04:05+00:00"}', new Date('2024-01-02T03:04:05Z')],
    ['{"__type__": "date", "__value__": "2024-01-02"}', KombuValue.date('2024-01-02')],
    ['{"__type__": "time", "__value__": "03:04:05"}', KombuValue.time('03:04:05')],
    [
      '{"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}}',
      KombuValue.uuid('00000000-0000-0000-0000-000000000005'),
    ],
    ['{"__type__": "decimal", "__value__": "1.50"}', KombuValue.decimal('1.50')],
    ['{"__type__": "bytes", "__value__": "abc"}', Buffer.from('abc')],
    ['{"__type__": "base64", "__value__": "//4="}', Buffer.from([0xff, 0xfe])],
    ['"2024-01-02T03:04:05.000678"', '2024-01-02T03:04:05.000678'],
    ['[1, 2]', [1, 2]],
    [
      String.raw`[NaN, Infinity, 1e+22, 0.1, 100000000000000000000, "\u2028<\u00e9\ud83d\ude00\u0000"]`,
      [Number.NaN, Number.POSITIVE_INFINITY, 1e22, 0.1, 100000000000000000000n, '\u2028<é😀\u0000'],
    ],
    // A 5.2 worker hands such an object to the task; a newer one takes it for a type.
    [
      '{"__type__": "datetime", "__value__": "2024-01-02", "more": 1}',
      { __type__: 'datetime', __value__: '2024-01-02', more: 1 },
    ],
  ])('%s', (arg, expected) => {
    expect(decodeTaskMessage(bodyOf(arg), content).args[0]).toEqual(expected);
  });

  it.each([
    '{"__type__": "nope", "__value__": 1}',
    '{"__type__": "datetime", "__value__": "x"}',
    '{"__type__": [], "__value__": 1}',
    '{"__type__": "decimal", "__value__": "abc"}',
    '{"__type__": "uuid", "__value__": {"hex": "5"}}',
    '{"__type__": "base64", "__value__": "%%"}',
  ])('%s makes its message unreadable, as for kombu', (arg) => {
    expect(() => decodeTaskMessage(bodyOf(arg), content)).toThrow(UndecodableMessageError);
  });
});

/** The bad messages that were given to workers of both versions; `runs` where every one of them ran it. */
describe('a message that workers of Celery were given', () => {
  const body = `[[1, 2], {}, ${EMBED}]`;
  const headers = { task: 'tw.add', id: 'bad' };
  const given = (changes: Partial<WireMessage>): WireMessage => ({
    body: Buffer.from(body),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers,
    properties: { deliveryMode: 2, priority: 0 },
    ...changes,
  });
  const withHeaders = (more: Record<string, unknown>): WireMessage =>
    given({ headers: { ...headers, ...more } });
  const withBody = (text: string): WireMessage => given({ body: Buffer.from(text) });
  const version1 = { task: 'tw.add', id: 'v1x', args: [1, 2], kwargs: {} };

  it.each<[string, WireMessage]>([
    ['minimal headers', given({})],
    ['embed null', withBody('[[1, 2], {}, null]')],
    ['embed {}', withBody('[[1, 2], {}, {}]')],
    ['retries null', withHeaders({ retries: null })],
    ['timelimit null', withHeaders({ timelimit: null })],
    ['timelimit []', withHeaders({ timelimit: [] })],
    ['eta Z', withHeaders({ eta: '2020-01-01T00:00:00Z' })],
    ['eta date only', withHeaders({ eta: '2020-01-01' })],
    ['expires past Z', withHeaders({ expires: '2020-01-01T00:00:00.678Z' })],
    ['stamped_headers w/o stamps', withHeaders({ stamped_headers: ['a'] })],
    [
      'callback w/o options etc',
      withBody('[[1, 2], {}, {"callbacks": [{"task": "tw.ident", "args": [], "kwargs": {}}]}]'),
    ],
    ['body dict (hybrid)', withBody('{"args": [1, 2], "kwargs": {}}')],
    ['v1', given({ headers: {}, body: Buffer.from(JSON.stringify(version1)) })],
  ])('%s runs', (_what, wire) => {
    expect(decodeTaskMessage(wire, content)).toMatchObject({ task: 'tw.add', args: [1, 2], kwargs: {} });
  });

  it.each<[string, WireMessage, string]>([
    ['missing id', given({ headers: { task: 'tw.add' } }), 'task id is missing'],
    ['id int', withHeaders({ id: 123 }), 'task id is 123'],
    ['body 2 elems', withBody('[[1, 2], {}]'), 'body has 2 elements'],
    ['body string', withBody('"abc"'), 'body is no list of 3'],
    ['body null', withBody('null'), 'body is no list of 3'],
    ['kwargs list', withBody(`[[1, 2], [], ${EMBED}]`), 'kwargs is a list'],
    ['kwargs null', withBody(`[[1, 2], null, ${EMBED}]`), 'kwargs is null'],
    [
      'kwargs that revive to a date',
      withBody(`[[], {"__type__": "date", "__value__": "2024-01-02"}, ${EMBED}]`),
      'kwargs is',
    ],
    ['args null', withBody(`[null, {}, ${EMBED}]`), 'args is null'],
    ['eta empty', withHeaders({ eta: '' }), 'eta is ""'],
    ['eta garbage', withHeaders({ eta: 'tomorrow' }), 'eta is "tomorrow"'],
    ['eta number', withHeaders({ eta: 1795234682.5 }), 'eta is 1795234682.5'],
    ['expires 30', withHeaders({ expires: 30 }), 'expires is 30'],
    ['expires 0', withHeaders({ expires: 0 }), 'expires is 0'],
    ['invalid json', withBody('[[1, 2'), 'invalid JSON'],
    ['unknown ct', given({ contentType: 'application/x-foo' }), 'is not accepted'],
    ['pickle ct', given({ contentType: 'application/x-python-serialize' }), 'pickle is refused'],
    ['ct null', given({ contentType: '' }), 'no content type'],
    [
      'raw bytes',
      given({ contentType: 'application/data', contentEncoding: 'binary' }),
      'body is no list of 3',
    ],
    ['bad compression', withHeaders({ compression: 'application/x-nope' }), 'compression'],
    ['corrupt compression', withHeaders({ compression: 'application/x-gzip' }), 'corrupt'],
    ['no headers, no task', given({ headers: {}, body: Buffer.from('{"foo": 1}') }), 'name a task'],
    ['no headers, list body', given({ headers: {}, body: Buffer.from('[1, 2]') }), 'name no task'],
    [
      'v1 no id',
      given({ headers: {}, body: Buffer.from(JSON.stringify({ ...version1, id: undefined })) }),
      'task id is missing',
    ],
    ['chord embed not dict', withBody('[[1, 2], {}, {"chord": "x"}]'), 'chord is "x"'],
    [
      'callbacks dict not list',
      withBody('[[1, 2], {}, {"callbacks": {"task": "x"}}]'),
      'callbacks is an object',
    ],
  ])('%s is refused with its reason', (_what, wire, reason) => {
    expect(() => decodeTaskMessage(wire, content)).toThrow(UndecodableMessageError);
    expect(() => decodeTaskMessage(wire, content)).toThrow(reason);
  });
});
