import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodeError, UndecodableMessageError } from '../../lib/errors.js';
import { readJson } from '../../lib/message/json.reader.js';
import { jsonSerializer } from '../../lib/message/json.serializer.js';
import { KombuValue } from '../../lib/message/kombu-value.js';
import type { JsonType } from '../../lib/message/typed-values.js';

const LIMITS = { maxDepth: 200, maxElements: 1_000_000 };
const json = jsonSerializer({ ...LIMITS, typedValues: true, types: [] });
const written = (value: unknown): string => json.encode(value).toString();
const read = (text: string): unknown => json.decode(Buffer.from(text));

describe('JSON as Python writes it', () => {
  it('reads the dialect that Celery was captured to write', () => {
    const body = String.raw`[[NaN, Infinity, -Infinity, 1e+22, 0.1, 100000000000000000000, "\u2028<\u00e9\ud83d\ude00\u0000"], {"k": null}]`;
    expect(read(body)).toEqual([
      [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        1e22,
        0.1,
        100_000_000_000_000_000_000n,
        '\u2028<é😀\u0000',
      ],
      { k: null },
    ]);
  });

  it('writes numbers so that Python reads the same ones', () => {
    expect(written([2n ** 70n, -(2n ** 53n), Number.NaN, Number.NEGATIVE_INFINITY])).toBe(
      '[1180591620717411303424,-9007199254740992,NaN,-Infinity]',
    );
    // A float without a point would come back as an integer.
    expect(written(2 ** 60)).toBe('1152921504606847000.0');
    expect(read(written(2 ** 60))).toBe(2 ** 60);
    expect(written([1, -1.5, 0])).toBe('[1,-1.5,0]');
  });

  it('keeps integers from where JavaScript would round them', () => {
    expect(read('9007199254740991')).toBe(9007199254740991);
    expect(read('[9007199254740993, -9007199254740993]')).toEqual([
      9_007_199_254_740_993n,
      -9_007_199_254_740_993n,
    ]);
    expect(read('0.12345678901234567890')).toBe(0.12345678901234568);
  });

  it('gives back the value of any JSON, as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        fc.pre(!JSON.stringify(value).includes('"__'));
        const text = JSON.stringify(value, null, indent);
        fc.pre(!/\d{16}/.test(text));
        expect(readJson(Buffer.from(text), LIMITS)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
  });

  it('refuses exactly the texts that JSON.parse refuses, but for the bare words of Python', () => {
    const characters = fc.constantFrom(...Array.from('[]{}",:\\ u0n1-+.eE9truefalsenull\n\t\u0001é'));
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 24 }), (text) => {
        const parsed = attempt(() => JSON.parse(text) as unknown);
        const own = attempt(() => readJson(Buffer.from(text), LIMITS));
        expect(own.failed).toBe(parsed.failed);
        if (!parsed.failed && !/\d{16}/.test(text)) expect(own.value).toEqual(parsed.value);
      }),
      { numRuns: 5_000, seed: 20_261_121 },
    );
  });

  it.each(['x', String.raw`\"`, '\\\\', String.raw`é\n`])(
    'finds a refused name behind strings of %j of any length',
    (part) => {
      for (let length = 0; length < 100; length += 1) {
        const text = JSON.stringify([`${part}`]).slice(1, -1);
        const before = `["${part.repeat(length)}", ${text}, `;
        expect(() => read(`${before}{"__proto__": 1}]`)).toThrow('__proto__');
        expect(() => read(`${before}{"_\\u005fproto__": 1}]`)).toThrow('__proto__');
        expect(() => read(`["${part.repeat(length)}\\u005f", {"\\u005f_proto__": 1}]`)).toThrow('__proto__');
        expect(() => readJson(Buffer.from(`${before}[[[]]]]`), { ...LIMITS, maxDepth: 3 })).toThrow(
          'nested deeper',
        );
        expect(read(`${before}{"_proto__": 1}]`)).toHaveLength(3);
      }
    },
  );

  it('writes what it reads back the same, typed values and all', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.bigInt().filter((value) => value > 2n ** 53n || value < -(2n ** 53n)),
      fc.boolean(),
      fc.constant(null),
      fc.date({
        noInvalidDate: true,
        min: new Date('0001-01-01T00:00:00.000Z'),
        max: new Date('9999-12-31T23:59:59.999Z'),
      }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.uuid().map((text) => KombuValue.uuid(text)),
      fc.constantFrom(KombuValue.decimal('1.50'), KombuValue.date('2024-01-02'), KombuValue.time('03:04:05')),
    );
    const name = fc.string().filter((key) => !key.startsWith('__'));
    const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(values, (value) => {
        expect(json.decode(json.encode(value))).toEqual(wellFormed(value));
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
  });
});

describe('typed values', () => {
  it.each<[string, unknown]>([
    ['{"__type__": "datetime", "__value__": "2024-01-02T03:04:05.000678"}', new Date('2024-01-02T03:04:05Z')],
    ['{"__type__": "datetime", "__value__": "2024-01-02T03:04:05+00:00"}', new Date('2024-01-02T03:04:05Z')],
    ['{"__type__": "date", "__value__": "2024-01-02"}', KombuValue.date('2024-01-02')],
    ['{"__type__": "time", "__value__": "03:04:05"}', KombuValue.time('03:04:05')],
    ['{"__type__": "decimal", "__value__": "1.50"}', KombuValue.decimal('1.50')],
    [
      '{"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}}',
      KombuValue.uuid('00000000-0000-0000-0000-000000000005'),
    ],
    ['{"__type__": "bytes", "__value__": "abc"}', Buffer.from('abc')],
    ['{"__type__": "base64", "__value__": "//4="}', Buffer.from([0xff, 0xfe])],
  ])('reads %s as kombu means it', (text, expected) => {
    expect(read(text)).toEqual(expected);
    expect(read(text.replace('__type__', String.raw`\u005f_type__`))).toEqual(expected);
  });

  it.each([
    '{"__type__": "nope", "__value__": 1}',
    '{"__type__": 1, "__value__": 1}',
    '{"__type__": "datetime", "__value__": "x"}',
    '{"__type__": "datetime", "__value__": {}}',
    '{"__type__": "uuid", "__value__": {"hex": "zz"}}',
    '{"__type__": "uuid", "__value__": null}',
    '{"__type__": "decimal", "__value__": "1,5"}',
    '{"__type__": "date", "__value__": "2024-02-30"}',
    '{"__type__": "base64", "__value__": "*"}',
    '{"__type__": "constructor", "__value__": "x"}',
  ])('refuses %s', (text) => {
    expect(() => read(text)).toThrow(UndecodableMessageError);
  });

  it('leaves an object of more or fewer keys alone', () => {
    expect(read('{"__type__": "date", "__value__": "x", "more": 1}')).toEqual({
      ['__type__']: 'date',
      ['__value__']: 'x',
      more: 1,
    });
    expect(read('{"__type__": "date"}')).toEqual({ ['__type__']: 'date' });
  });

  it('are written in the form of kombu ≥ 5.3', () => {
    expect(
      JSON.parse(
        written([
          new Date('2024-01-02T03:04:05.678Z'),
          KombuValue.uuid('00000000-0000-0000-0000-000000000005'),
          KombuValue.decimal('1.50'),
          Buffer.from('abc'),
          new Uint8Array([0xff, 0xfe]),
        ]),
      ),
    ).toEqual([
      { __type__: 'datetime', __value__: '2024-01-02T03:04:05.678000+00:00' },
      { __type__: 'uuid', __value__: { hex: '00000000000000000000000000000005' } },
      { __type__: 'decimal', __value__: '1.50' },
      { __type__: 'bytes', __value__: 'abc' },
      { __type__: 'base64', __value__: '//4=' },
    ]);
  });

  it('are plain text for workers of Celery ≤ 5.2', () => {
    const plain = jsonSerializer({ ...LIMITS, typedValues: false, types: [] });
    expect(
      JSON.parse(
        plain.encode([new Date('2024-01-02T03:04:05.678Z'), KombuValue.date('2024-01-02')]).toString(),
      ),
    ).toEqual(['2024-01-02T03:04:05.678000Z', '2024-01-02T00:00:00']);
    expect(() => plain.encode([1, Buffer.from('a')])).toThrow('$[1]');
  });

  it('can be more, by a type of the user', () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const money: JsonType<Money> = {
      name: 'money',
      is: (value): value is Money => value instanceof Money,
      encode: ({ cents }) => ({ cents }),
      decode: (value) => {
        if (typeof value !== 'object' || value === null) throw new TypeError('no money');
        return new Money(Number(Reflect.get(value, 'cents')));
      },
    };
    const own = jsonSerializer({ ...LIMITS, typedValues: true, types: [money] });
    expect(own.encode([new Money(5)]).toString()).toBe('[{"__type__":"money","__value__":{"cents":5}}]');
    expect(own.decode(own.encode([new Money(5)]))).toEqual([new Money(5)]);
    expect(() => own.decode(Buffer.from('{"__type__": "money", "__value__": 1}'))).toThrow(
      UndecodableMessageError,
    );
  });
});

describe('a value that has no form in JSON', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  it.each<[string, unknown, string, RegExp]>([
    ['a Map', [0, new Map()], '$[1]', /a Map.*plain object/],
    ['a Set', { tags: new Set() }, '$.tags', /a Set/],
    ['a function', [[{ call: () => 1 }]], '$[0][0].call', /a function/],
    ['a symbol', [Symbol('s')], '$[0]', /a symbol/],
    ['a Promise', { later: Promise.resolve(1) }, '$.later', /Await it/],
    ['an Error', [new Error('x')], '$[0]', /an Error/],
    ['an invalid Date', { at: new Date('x') }, '$.at', /invalid Date/],
    ['a Date beyond Python', [new Date(8.64e15)], '$[0]', /years 1 to 9999/],
    ['a __proto__ key', JSON.parse('[{"__proto__": 1}]'), '$[0]', /__proto__/],
  ])('%s is refused by its place', (_what, value, place, reason) => {
    const error = thrownBy(() => json.encode(value));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({ what: place, reason: expect.stringMatching(reason) as unknown });
  });

  it('a cycle is refused, and its place is short', () => {
    expect(() => json.encode(cyclic)).toThrow(EncodeError);
    expect(() => json.encode(cyclic)).toThrow('cyclic');
  });

  it('what a toJSON throws is refused as the value it stands for', () => {
    const broken = {
      toJSON(): never {
        throw new Error('no');
      },
    };
    expect(() => json.encode([broken])).toThrow(EncodeError);
  });
});

interface Attempt {
  readonly failed: boolean;
  readonly value?: unknown;
}
function attempt(act: () => unknown): Attempt {
  try {
    return { failed: false, value: act() };
  } catch {
    return { failed: true };
  }
}

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

/** JSON has no minus zero in its integers, and an integer of a float is one. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'number') return Object.is(value, -0) ? 0 : value;
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wellFormed(member)]));
}
