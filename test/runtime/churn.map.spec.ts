import { expect, it } from 'vitest';
import { ChurnMap } from '../../lib/runtime/churn.map.js';
import { ChurnSet } from '../../lib/runtime/churn.set.js';

/** Enough to have it begin anew some times. */
const MANY = 1_000;

const churned = (left: readonly number[]): ChurnMap<number, string> => {
  const map = new ChurnMap<number, string>();
  for (let key = 0; key < MANY; key += 1) map.set(key, `v${key}`);
  for (let key = 0; key < MANY; key += 1) if (!left.includes(key)) map.delete(key);
  return map;
};

it('keeps what was not taken out, in the order it came', () => {
  const map = churned([990, 3, 500]);
  map.set(1, 'again');
  expect([...map.keys()]).toEqual([3, 500, 990, 1]);
  expect([...map.values()]).toEqual(['v3', 'v500', 'v990', 'again']);
  expect(map.first).toEqual([3, 'v3']);
  expect(map.size).toBe(4);
  expect(map.get(500)).toBe('v500');
  expect([map.has(990), map.has(991)]).toEqual([true, false]);
});

it('says whether there was something to take out', () => {
  const map = churned([7]);
  expect([map.delete(8), map.delete(7), map.delete(7)]).toEqual([false, true, false]);
  expect(map.first).toBeUndefined();
});

it('forgets everything', () => {
  const map = churned([1, 2]);
  map.clear();
  expect(map.size).toBe(0);
  expect([...map.values()]).toEqual([]);
});

it('leaves out what is taken out before its turn, and what comes in during the round', () => {
  const map = churned([1, 2, 3, 4]);
  const seen: string[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.delete(2);
    map.set(5, 'v5');
  }
  expect(seen).toEqual(['v1', 'v3', 'v4']);
});

it('is a set of those in it', () => {
  const set = new ChurnSet<number>();
  for (let member = 0; member < MANY; member += 1) set.add(member);
  set.add(5);
  for (let member = 0; member < MANY - 2; member += 1) expect(set.delete(member)).toBe(true);
  expect(set.delete(5)).toBe(false);
  expect([...set]).toEqual([998, 999]);
  expect([set.size, set.has(998), set.has(5)]).toEqual([2, true, false]);
  set.clear();
  expect(set.size).toBe(0);
});
