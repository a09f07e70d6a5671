import type { Fields } from '../../control/record.js';
import { DEFAULT_POOL } from '../pool/pool.options.js';
import type { Pools, PoolUnit } from '../pool/pools.js';

/** The pool of most tasks in the words of Celery's `stats`, with the others beside it. */
export function describePools(pools: Pools): Fields {
  const named = pools.units.filter(({ name }) => name !== DEFAULT_POOL);
  return {
    ...describeUnit(pools.named(DEFAULT_POOL)),
    ...(named.length === 0
      ? {}
      : { pools: Object.fromEntries(named.map((unit) => [unit.name, describeUnit(unit)])) }),
  };
}

/** Undefined for a pool that keeps its size. */
export function describeRange({ range, slots }: PoolUnit): Fields | undefined {
  return range === undefined ? undefined : { max: range.max, min: range.min, current: slots.size, qty: 0 };
}

function describeUnit({ pool, slots }: PoolUnit): Fields {
  return {
    implementation: `nestjs-celery:${pool.kind}`,
    'max-concurrency': slots.size,
    processes: [process.pid],
    'max-tasks-per-child': 'N/A',
    'put-guarded-by-semaphore': false,
    timeouts: [],
    writes: {},
    busy: slots.busy,
    waiting: slots.waiting,
    ready: pool.ready,
  };
}
