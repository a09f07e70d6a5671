import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../lib/runtime/logger.js';
import { Slots } from '../../../lib/runtime/slots.js';
import { AsyncPool } from '../../../lib/worker/pool/async.pool.js';
import { scaledSize } from '../../../lib/worker/pool/autoscale.js';
import { Autoscaler } from '../../../lib/worker/pool/autoscaler.js';
import type { PoolUnit } from '../../../lib/worker/pool/pools.js';
import { FakeClock } from '../../support/fake-clock.js';

const range = { min: 2, max: 10 };
const LONG_MS = 30_000;

describe('the size a pool needs', () => {
  it.each([
    ['stays at its least without work', { size: 2, load: 0, sinceGrowthMs: Infinity }, 2],
    ['grows at once to what is needed', { size: 2, load: 7, sinceGrowthMs: 0 }, 7],
    ['grows to its most, no further', { size: 7, load: 50, sinceGrowthMs: 0 }, 10],
    ['does not shrink soon after it has grown', { size: 10, load: 1, sinceGrowthMs: LONG_MS - 1 }, 10],
    ['shrinks to what is needed', { size: 10, load: 4, sinceGrowthMs: LONG_MS }, 4],
    ['shrinks to its least', { size: 10, load: 0, sinceGrowthMs: LONG_MS }, 2],
    ['shrinks to its most, when that was lowered', { size: 20, load: 20, sinceGrowthMs: LONG_MS }, 10],
  ])('%s', (_what, facts, size) => {
    expect(scaledSize({ ...facts, range })).toBe(size);
  });
});

describe('the autoscaler', () => {
  it('follows the load, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const slots = new Slots(2);
    const pool = new AsyncPool('async', 2, async () => [{ kind: 'ignored' }]);
    const unit: PoolUnit = { name: 'cpu', pool, slots, range };
    const scaler = new Autoscaler({ units: [unit], clock, log: silentLog });
    await scaler.start();
    let granted = 0;
    for (let task = 0; task < 5; task += 1) slots.take(() => (granted += 1));
    expect(granted).toBe(2);
    await clock.advance(1_000);
    expect([pool.size, slots.size, granted]).toEqual([5, 5, 5]);
    for (let task = 0; task < 5; task += 1) slots.release();
    await clock.advance(29_000);
    expect(pool.size).toBe(5);
    await clock.advance(1_000);
    expect(pool.size).toBe(2);
    await scaler.stop();
    expect(clock.timers).toBe(0);
  });

  it('costs no timer where no pool scales', async () => {
    const clock = new FakeClock();
    const scaler = new Autoscaler({ units: [], clock, log: silentLog });
    await scaler.start();
    expect(clock.timers).toBe(0);
  });
});
