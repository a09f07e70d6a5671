import { describe, expect, it } from 'vitest';
import { LONGEST_WAIT_MS, newBucket, takeTurn, type Turn } from '../../../lib/worker/limits/rate-bucket.js';

/** Asks at these times, one after the other. */
function turns(intervalMs: number, asks: readonly (readonly [nowMs: number, mayHold: boolean])[]): Turn[] {
  let bucket = newBucket(intervalMs);
  return asks.map(([nowMs, mayHold]) => {
    const taken = takeTurn(bucket, { nowMs, mayHold, random: 0.5 });
    bucket = taken.bucket;
    return taken.turn;
  });
}

describe('the bucket of a rate limit', () => {
  it('is full at first, holds one start, and fills again with time', () => {
    expect(
      turns(100, [
        [5, true],
        [5, true],
        [5, true],
        [1_000, true],
        [1_000, true],
      ]),
    ).toEqual([
      { turn: 'now' },
      { turn: 'kept', waitMs: 100 },
      { turn: 'kept', waitMs: 200 },
      { turn: 'now' },
      { turn: 'kept', waitMs: 100 },
    ]);
  });

  it('lets those that cannot wait in memory come back one after the other, behind those that can', () => {
    expect(
      turns(100, [
        [0, true],
        [0, true],
        [0, false],
        [0, false],
        [0, true],
        // Comes back when the start promised to it is due, and finds that another has it by now.
        [200, false],
        [300, false],
      ]),
    ).toEqual([
      { turn: 'now' },
      { turn: 'kept', waitMs: 100 },
      { turn: 'later', waitMs: 200 },
      { turn: 'later', waitMs: 300 },
      { turn: 'kept', waitMs: 200 },
      { turn: 'later', waitMs: 200 },
      { turn: 'now' },
    ]);
  });

  it('keeps nobody in memory for long', () => {
    const [, ...others] = turns(3_600_000 / 5, [
      [0, true],
      [0, true],
      [0, true],
    ]);
    expect(others).toEqual([
      { turn: 'later', waitMs: LONGEST_WAIT_MS * 0.75 },
      { turn: 'later', waitMs: LONGEST_WAIT_MS * 0.75 },
    ]);
  });
});
