import { describe, expect, it } from 'vitest';
import { Collection } from '../../lib/control/collection.js';
import { HeldClock } from '../../lib/testing/held-clock.js';

const reply = (hostname: string) => ({ hostname, value: 'pong', error: undefined });

const open = (expected: readonly string[] | undefined, quietMs: number) => {
  const clock = new HeldClock();
  const ends: boolean[] = [];
  const known = expected === undefined ? undefined : new Set(expected);
  const rules = { timeoutMs: 1_000, limit: Infinity, expected: known, quietMs };
  const collection = new Collection(clock, rules, (timedOut) => void ends.push(timedOut));
  collection.start();
  return { clock, ends, collection };
};

describe('replies of workers that were known before', () => {
  it('are waited for as long as for any', async () => {
    const { clock, ends, collection } = open(['a', 'b'], 100);
    collection.add(reply('a'));
    await clock.advance(999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual([true]);
  });

  it('leave others a moment once they are all there', async () => {
    const { clock, ends, collection } = open(['a', 'b'], 100);
    collection.add(reply('a'));
    collection.add(reply('b'));
    await clock.advance(99);
    expect(ends).toEqual([]);
    collection.add(reply('new'));
    await clock.advance(99);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual([false]);
    expect(collection.replies.map(({ hostname }) => hostname)).toEqual(['a', 'b', 'new']);
  });

  it('end it at once where no moment is given', () => {
    const { ends, collection } = open(['a'], 0);
    collection.add(reply('a'));
    expect(ends).toEqual([false]);
  });
});
