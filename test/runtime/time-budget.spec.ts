import { describe, expect, it } from 'vitest';
import { TimeBudget } from '../../lib/runtime/time-budget.js';

/** A clock that only the test moves, within work too. */
function budget(perWindowMs = 20, lengthMs = 100) {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonicMs: () => nowMs, after: () => ({ cancel() {} }) };
  const time = new TimeBudget(clock, perWindowMs, lengthMs);
  return {
    pass: (ms: number) => void (nowMs += ms),
    work: (ms: number) => time.spend(() => void (nowMs += ms)),
    get waitMs() {
      return time.waitMs;
    },
  };
}

describe('a budget of time', () => {
  it('gives its share of each window', () => {
    const time = budget();
    time.work(10);
    expect(time.waitMs).toBe(0);
    time.work(10);
    expect(time.waitMs).toBe(80);
    time.pass(80);
    expect(time.waitMs).toBe(0);
    time.work(20);
    expect(time.waitMs).toBe(80);
  });

  it('takes back from later windows what took too long', () => {
    const time = budget();
    time.work(60);
    expect(time.waitMs).toBe(240);
    time.pass(240);
    expect(time.waitMs).toBe(0);
  });

  it('saves nothing up', () => {
    const time = budget();
    time.work(20);
    time.pass(10_000);
    time.work(20);
    expect(time.waitMs).toBe(80);
  });
});
