import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UndecodableMessageError } from '../../lib/errors.js';
import { decodeTaskMessage, encodeTaskMessage } from '../../lib/message/task-message.codec.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { aMessage } from '../support/a-message.js';
import { aTaskMessage } from '../worker/a-task-message.js';
import { contentOf } from './open-content.js';

const content = await contentOf({ acceptContent: ['json', 'msgpack', 'yaml'] });

/** What came of one message: nothing but a message or the refusal is ever right. */
function outcomeOf(wire: WireMessage): 'read' | 'refused' {
  try {
    decodeTaskMessage(wire, content);
    return 'read';
  } catch (error) {
    if (error instanceof UndecodableMessageError) return 'refused';
    throw error;
  }
}

describe('mutated messages', () => {
  const call = aTaskMessage({
    args: [
      1,
      -2.5,
      'text é "quoted"\n',
      null,
      true,
      2n ** 62n,
      new Date(0),
      Buffer.from([255]),
      { deep: [[{ a: [] }]] },
    ],
    kwargs: { name: 'value', list: [1, 2, 3] },
    embed: {
      callbacks: [
        { task: 'cb', args: [1], kwargs: {}, options: { task_id: 'x' }, subtask_type: null, immutable: true },
      ],
      errbacks: [],
      chain: [],
      chord: undefined,
    },
    etaMs: 0,
    customHeaders: { mine: 'x' },
  });
  it.each([
    ['json', undefined, 4_000],
    ['json', 'gzip', 2_000],
    ['json', 'brotli', 1_000],
    ['msgpack', undefined, 4_000],
    ['yaml', undefined, 500],
  ])('in %s (%s) are read or refused', (serializer, compression, rounds) => {
    const random = randomFrom(20_261_121);
    // YAML has no form for bytes.
    const args = serializer === 'yaml' ? call.args.filter((each) => !Buffer.isBuffer(each)) : call.args;
    const { body, ...rest } = encodeTaskMessage({ ...call, args, serializer, compression }, content);
    expect(outcomeOf({ ...rest, body })).toBe('read');
    let refused = 0;
    for (let round = 0; round < rounds; round += 1) {
      const wire = { ...rest, body: mutated(body, random) };
      if (outcomeOf(wire) === 'refused') refused += 1;
    }
    expect(refused).toBeGreaterThan(rounds / 4);
  });

  it('with any header of any type are read or refused', () => {
    const random = randomFrom(7);
    const { headers, ...rest } = encodeTaskMessage(call, content);
    const odd: readonly unknown[] = [
      null,
      undefined,
      '',
      'x',
      0,
      -1,
      1.5,
      Number.NaN,
      2n ** 70n,
      true,
      [],
      {},
      [null, null, null],
      ['a'],
      new Date(0),
      Buffer.from('b'),
      'é'.repeat(10_000),
      { task: 'x' },
      '__proto__',
    ];
    const names = [...Object.keys(headers), 'compression', 'x-death', '__proto__', 'constructor'];
    const seen = new Set<string>();
    for (let round = 0; round < 5_000; round += 1) {
      const changes = Array.from(
        { length: 1 + Math.floor(random() * 3) },
        () => [pick(names, random), pick(odd, random)] as const,
      );
      seen.add(outcomeOf({ ...rest, headers: Object.fromEntries([...Object.entries(headers), ...changes]) }));
    }
    expect(seen).toEqual(new Set(['read', 'refused']));
  });
});

describe('bombs', () => {
  const levels = 1_000_000;
  it.each<[string, string, Buffer]>([
    ['nested lists', 'application/json', Buffer.from('['.repeat(levels))],
    ['nested objects', 'application/json', Buffer.from('{"a":'.repeat(levels))],
    ['whole nested lists', 'application/json', Buffer.from(`${'['.repeat(levels)}${']'.repeat(levels)}`)],
    ['a million digits', 'application/json', Buffer.from(`[[${'9'.repeat(levels)}], {}, {}]`)],
    ['an unended string of backslashes', 'application/json', Buffer.from(`[["__${'\\'.repeat(levels * 2)}`)],
    ['many unended strings', 'application/json', Buffer.from(`NaN${'"\\"'.repeat(levels / 4)}`)],
    ['nested msgpack lists', 'application/x-msgpack', Buffer.alloc(levels, 0x91)],
    ['nested msgpack maps', 'application/x-msgpack', Buffer.from('81a161'.repeat(100_000), 'hex')],
    ['a list that claims billions', 'application/x-msgpack', Buffer.from('93ddffffffff', 'hex')],
    ['bytes that claim billions', 'application/x-msgpack', Buffer.from('93c6ffffffff', 'hex')],
    [
      'lists that claim all that is there',
      'application/x-msgpack',
      Buffer.from('dc7fff'.repeat(10_000), 'hex'),
    ],
    ['nested YAML lists', 'application/x-yaml', Buffer.from('['.repeat(20_000))],
    ['nested YAML maps', 'application/x-yaml', Buffer.from('{a: '.repeat(20_000))],
    ['YAML that doubles by aliases', 'application/x-yaml', Buffer.from(aliases(40))],
    [
      'a YAML tag',
      'application/x-yaml',
      Buffer.from('- !!python/object/apply:os.system ["true"]\n- {}\n- {}\n'),
    ],
    ['a YAML alias of itself', 'application/x-yaml', Buffer.from('&a [*a]')],
  ])('%s are refused', (_what, contentType, body) => {
    const wire = aMessage({ contentType, body });
    // One that hangs runs into the time limit of the test.
    expect(outcomeOf(wire)).toBe('refused');
  });

  it('of nesting inside compression are refused too', () => {
    const body = zlib.deflateSync(Buffer.alloc(500_000, '['));
    expect(outcomeOf(aMessage({ body, headers: { task: 't', id: 'i', compression: 'zlib' } }))).toBe(
      'refused',
    );
  });
});

describe('prototypes', () => {
  it.each<[string, string, string | Buffer]>([
    ['JSON', 'application/json', '[[{"__proto__": {"polluted": 1}}], {}, {}]'],
    ['escaped JSON', 'application/json', String.raw`[[{"__\u0070roto__": {"polluted": 1}}], {}, {}]`],
    ['kwargs of JSON', 'application/json', '[[], {"__proto__": {"polluted": 1}}, {}]'],
    [
      'options of a callback',
      'application/json',
      '[[], {}, {"callbacks": [{"task": "t", "options": {"__proto__": {}}}]}]',
    ],
    [
      'msgpack',
      'application/x-msgpack',
      Buffer.from('939181a95f5f70726f746f5f5f81a8706f6c6c75746564018080', 'hex'),
    ],
    ['YAML', 'application/x-yaml', '- - __proto__: {polluted: 1}\n- {}\n- {}\n'],
    ['a YAML merge', 'application/x-yaml', '- - <<: {__proto__: {polluted: 1}}\n- {}\n- {}\n'],
  ])('are not reached by %s', (_what, contentType, body) => {
    expect(outcomeOf(aMessage({ contentType, body }))).toBe('refused');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('names of methods are names like others', () => {
    const { kwargs } = decodeTaskMessage(
      aMessage({ body: '[[], {"constructor": 1, "toString": 2}, {}]' }),
      content,
    );
    expect(Object.entries(kwargs)).toEqual([
      ['constructor', 1],
      ['toString', 2],
    ]);
  });
});

function aliases(depth: number): string {
  const lines = Array.from({ length: depth }, (_, index) => `- &a${index + 1} [*a${index}, *a${index}]`);
  return ['- &a0 [x, x]', ...lines, ''].join('\n');
}

/** Flips, inserts, removes, repeats or cuts some bytes. */
function mutated(bytes: Buffer, random: () => number): Buffer {
  let out = Buffer.from(bytes);
  const changes = 1 + Math.floor(random() * 4);
  for (let change = 0; change < changes; change += 1) {
    const at = Math.floor(random() * (out.length + 1));
    const to = Math.min(out.length, at + Math.floor(random() * 8));
    const noise = Buffer.from(
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => Math.floor(random() * 256)),
    );
    const middle = pick(
      [
        noise,
        Buffer.alloc(0),
        Buffer.concat([out.subarray(at, to), out.subarray(at, to)]),
        Buffer.from(pick(['"', '[', '{', '\\', '1e9', '-', 'NaN', '__', ': ', '&a ', '*a'], random)),
      ],
      random,
    );
    out = Buffer.concat([out.subarray(0, at), middle, out.subarray(random() < 0.5 ? at : to)]);
  }
  return out;
}

function pick<T>(from: readonly T[], random: () => number): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined && from.length === 0) throw new Error('nothing to pick from');
  return found as T;
}

/** mulberry32: the same numbers on every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
