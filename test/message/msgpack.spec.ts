import { describe, expect, it } from 'vitest';
import { EncodeError, UndecodableMessageError } from '../../lib/errors.js';
import { KombuValue } from '../../lib/message/kombu-value.js';
import { openMsgpack } from '../../lib/message/msgpack.serializer.js';

const msgpack = await openMsgpack({
  maxDepth: 200,
  maxElements: 100_000,
  typedValues: true,
  types: [],
});
const read = (hex: string): unknown => msgpack.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const echo = (value: unknown): unknown => msgpack.decode(msgpack.encode(value));

/** Captured from Celery, and what `msgpack.packb(…, use_bin_type=True)` of Python's msgpack 1.0.3 writes. */
const CAPTURED = '939201a2c3a98084a963616c6c6261636b73c0a86572726261636b73c0a5636861696ec0a563686f7264c0';

describe('msgpack', () => {
  it('reads a body captured from Celery, and writes the same bytes', () => {
    const body = [[1, 'é'], {}, { callbacks: null, errbacks: null, chain: null, chord: null }];
    expect(read(CAPTURED)).toEqual(body);
    expect(msgpack.encode(body).toString('hex')).toBe(CAPTURED);
  });

  it.each<[string, unknown]>([
    ['cb3ff8000000000000', 1.5],
    ['ca3fc00000', 1.5],
    ['cf0000010000000000', 2 ** 40],
    ['d3ffffff0000000000', -(2 ** 40)],
    ['cfffffffffffffffff', 2n ** 64n - 1n],
    ['d38000000000000000', -(2n ** 63n)],
    ['c402ff00', Buffer.from([0xff, 0x00])],
    ['d90161', 'a'],
    ['dc000101', [1]],
    ['de0001a16101', { a: 1 }],
    ['810102', { '1': 2 }],
    ['d6ff65937b65', new Date('2024-01-02T02:56:37Z')],
    ['c0', null],
    ['c3', true],
    ['e0', -32],
  ])('reads %s', (hex, expected) => {
    expect(read(hex)).toEqual(expected);
  });

  it('reads back what it wrote', () => {
    const value = [
      0,
      -1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      1.7e18,
      1e300,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      2n ** 63n,
      '',
      '😀',
      Buffer.from([0, 255]),
      new Date('2024-01-02T03:04:05.678Z'),
      { a: [{}], b: null },
    ];
    expect(echo(value)).toEqual(value);
  });

  it('writes integers beyond 32 bits as integers', () => {
    expect(msgpack.encode(2 ** 40).toString('hex')).toBe('cf0000010000000000');
    expect(msgpack.encode(-(2 ** 40)).toString('hex')).toBe('d3ffffff0000000000');
  });

  it('writes decimals as text, and leaves undefined members out', () => {
    expect(echo({ price: KombuValue.decimal('1.50'), gone: undefined })).toEqual({ price: '1.50' });
  });

  it('changes nothing of what it is given', () => {
    const given = Object.freeze([Object.freeze({ id: 2 ** 40 })]);
    expect(echo(given)).toEqual(given);
  });

  it('does not hold on to the message through its bytes', () => {
    const body = msgpack.encode([Buffer.from('kept'), 'x'.repeat(100_000)]);
    const [kept] = msgpack.decode(body) as [Buffer];
    body.fill(0);
    expect(kept.toString()).toBe('kept');
    expect(kept.buffer).not.toBe(body.buffer);
  });

  it.each<[string, unknown]>([
    ['an integer of more than 64 bits', [2n ** 64n]],
    ['a function', [() => 1]],
    ['an invalid Date', [new Date(Number.NaN)]],
    ['a Map', [new Map()]],
  ])('refuses to write %s', (_what, value) => {
    expect(() => msgpack.encode(value)).toThrow(EncodeError);
  });

  it.each([
    ['nothing', ''],
    ['half a list', '9201'],
    ['half a text', 'a561'],
    ['bytes after the end', '0101'],
    ['the byte that is never used', 'c1'],
    ['an extension type', 'd40561'],
    ['an extension of any length', 'c7030561 6161'],
    ['a timestamp of a wrong length', 'd4ff61'],
    ['a list of billions', 'ddffffffff'],
    ['a map of billions', 'dfffffffff'],
    ['a text of billions', 'dbffffffff61'],
    ['lists that each claim a million', 'dd000f4240'.repeat(1_000)],
    ['deep lists', `${'91'.repeat(1_000_000)}c0`],
    ['deep maps', `${'8101'.repeat(10_000)}c0`],
    ['a __proto__ key', '81a95f5f70726f746f5f5f01'],
    ['a key that is a list', '819001'],
    ['a text that ends within a head', 'da00'],
    ['too many elements', `dd000493e0${'c0'.repeat(300_000)}`],
  ])('refuses %s', (_what, hex) => {
    expect(() => read(hex)).toThrow(UndecodableMessageError);
  });
});
