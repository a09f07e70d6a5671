import { availableParallelism } from 'node:os';
import { InvalidOptionError } from '../../errors.js';
import { describe, integer, oneOf, readOptions, type Field } from '../../runtime/options.js';
import { POOL_KINDS, type PoolKind } from './pool.js';

/** How one pool of a worker works. */
export interface PoolOptions {
  /**
   * Where handlers run (`worker_pool`, `-P`). Default `async`.
   *
   * - `async`: on this event loop, as many at once as `concurrency` says. For tasks that wait: HTTP, databases, files.
   * - `threads`: in threads of this process, one handler at a time in each. For tasks that compute.
   * - `prefork`: likewise in child processes, which can be killed whatever they do, and whose crash harms nobody else.
   * - `solo`: on this event loop, one at a time.
   */
  pool?: PoolKind;
  /** Handlers run at once. Default: number of CPUs (`worker_concurrency`). */
  concurrency?: number;
  /** Between these, as there is work: grows at once, shrinks when it has not grown for 30 s (`--autoscale`). Default off. */
  autoscale?: { readonly max: number; readonly min?: number };
  /** A child is replaced after this many tasks. Default: never (`worker_max_tasks_per_child`). */
  maxTasksPerChild?: number;
  /**
   * A child that holds more memory than this after a task is replaced, KiB. Default: no limit
   * (`worker_max_memory_per_child`). Of a thread its own heap counts, of a process its resident memory.
   */
  maxMemoryPerChild?: number;
}

/** Everything decided. */
export interface PoolConfig {
  readonly pool: PoolKind;
  /** Handlers run at once, or at first with `autoscale`. */
  readonly concurrency: number;
  readonly autoscale: ScaleRange | undefined;
  readonly maxTasksPerChild: number | undefined;
  /** KiB. */
  readonly maxMemoryPerChild: number | undefined;
}

export interface ScaleRange {
  readonly min: number;
  readonly max: number;
}

export const MOST_CONCURRENT = 100_000;

export const poolFields: { readonly [K in keyof PoolConfig]-?: Field<PoolConfig[K]> } = {
  pool: oneOf(POOL_KINDS, 'async'),
  concurrency: (value, path) => integer(availableParallelism(), 1, MOST_CONCURRENT)(value, path),
  autoscale: (value, path) => (value === undefined ? undefined : scaleRange(value, path)),
  maxTasksPerChild: integer(undefined, 1),
  maxMemoryPerChild: integer(undefined, 1),
};

/** @throws InvalidOptionError for a size that a pool of this kind cannot have */
export function poolSize(kind: PoolKind, size: unknown): number {
  return integer(1, 1, kind === 'solo' ? 1 : MOST_CONCURRENT)(size, 'size');
}

/** `{ cpu: { pool: 'prefork', concurrency: 2 } }` */
export const namedPools: Field<ReadonlyMap<string, PoolConfig>> = (value, path) => {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(path, `expected pools by their names, got ${describe(value)}`);
  }
  const pools = Object.entries(value).map(([name, options]: [string, unknown]) => {
    if (name === DEFAULT_POOL) {
      throw new InvalidOptionError(
        `${path}.${name}`,
        'is the pool of all other tasks: the options of the worker itself describe it',
      );
    }
    return [name, decided(readOptions<PoolConfig>(`${path}.${name}`, options, poolFields))] as const;
  });
  return new Map(pools);
};

/** Name of the pool that runs the tasks which name none. */
export const DEFAULT_POOL = 'default';

/** Solo runs one at a time whatever it is told, as Celery's; a pool that scales begins with its least. */
export function decided<T extends PoolConfig>(config: T): T {
  const { pool, autoscale } = config;
  if (pool === 'solo') return Object.freeze({ ...config, concurrency: 1, autoscale: undefined });
  return autoscale === undefined ? config : Object.freeze({ ...config, concurrency: autoscale.min });
}

/** @throws InvalidOptionError */
export function scaleRange(value: unknown, path: string): ScaleRange {
  const range = readOptions<ScaleRange>(path, value, {
    min: (min, at) => integer(1, 1, MOST_CONCURRENT)(min, at),
    max: (max, at) => {
      if (max !== undefined) return integer(1, 1, MOST_CONCURRENT)(max, at);
      throw new InvalidOptionError(at, 'is needed: the most handlers that run at once');
    },
  });
  if (range.min <= range.max) return range;
  throw new InvalidOptionError(
    `${path}.min`,
    `${range.min} is more than the max of ${range.max}. Swap them.`,
  );
}
