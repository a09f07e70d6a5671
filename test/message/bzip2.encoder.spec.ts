import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBzip2 } from '../../lib/message/bzip2.compression.js';
import { bzip2 } from '../../lib/message/bzip2.encoder.js';

/** The bzip2 library reads what is written, and checks every checksum. */
const reader = await openBzip2();

function comesBack(bytes: Buffer): void {
  expect(reader.decompress(bzip2(bytes), bytes.length + 1).equals(bytes)).toBe(true);
}

describe('bzip2', () => {
  it('of nothing is a stream without blocks', () => {
    expect(bzip2(Buffer.alloc(0)).toString('hex')).toBe('425a683317724538509000000000');
  });

  it('is what the bzip2 library reads, whatever the data', () => {
    const few = fc
      .array(fc.integer({ min: 0, max: 2 }), { maxLength: 400 })
      .map((bytes) => Buffer.from(bytes));
    const any = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    fc.assert(fc.property(fc.oneof(few, any), comesBack), { numRuns: 300 });
  });

  it.each([1, 2, 3, 4, 5, 254, 255, 256, 259, 260, 510, 515])('keeps a run of %i', (length) => {
    comesBack(Buffer.alloc(length, 'a'));
    comesBack(Buffer.from(`b${'a'.repeat(length)}b`));
  });

  it.each([
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['a period', Buffer.from('abcdefg'.repeat(10_000))],
    ['one value in several blocks', Buffer.alloc(16_000_000)],
    ['codes of every length', Buffer.from(fibonacciRuns(18))],
    ['noise in several blocks', noise(310_000)],
  ])('keeps %s', (_what, bytes) => comesBack(bytes));

  it('makes text smaller', () => {
    const rows = Array.from({ length: 5_000 }, (_, id) => ({ id, mail: `user${id}@example.com` }));
    const text = Buffer.from(JSON.stringify(rows));
    expect(bzip2(text).length).toBeLessThan(text.length / 8);
  });
});

/** Values so uneven in number that Huffman's codes would be longer than the format takes. */
function fibonacciRuns(values: number): number[] {
  const bytes: number[] = [];
  for (let value = 0, count = 1, next = 1; value < values; value++) {
    for (let index = 0; index < count; index++) bytes.push(value, 255);
    [count, next] = [next, count + next];
  }
  return bytes;
}

/** The same at each run. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}
