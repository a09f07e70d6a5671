import { InvalidOptionError } from '../errors.js';
import type { Duration } from '../runtime/duration.js';
import { describe, duration, integer, readOptions, type Field } from '../runtime/options.js';

/**
 * Celery's rate limit: starts per second, or with their unit: `'10/s'`, `'100/m'`, `'5/h'`. Fractions are fine (`'0.5/m'`);
 * `0` and `null` are no limit.
 */
export type Rate = number | `${number}` | `${number}/${'s' | 'm' | 'h'}` | null;

/**
 * What a limit is counted by: a parameter's name, or a function of the task's arguments as its method gets them, without the
 * `TaskContext`. The worker asks; strings, numbers, bigints and booleans are keys, and anything else fails the task.
 */
export type LimitKey = string | ((...args: never[]) => string | number | bigint | boolean);

/** So many starts in so much time, over all workers together. */
export interface ClusterRateLimitOptions {
  /** Starts within `per`, spread evenly over it. */
  max: number;
  per: Duration;
  /** Counts each key by itself. Default: all calls of the task together. */
  key?: LimitKey;
  /** Starts that may come at once after a pause. Default 1. */
  burst?: number;
}

/** So many runs at a time, over all workers together. */
export interface ConcurrencyLimitOptions {
  max: number;
  /** Counts each key by itself. Default: all calls of the task together. */
  key?: LimitKey;
}

export type RateLimit = WorkerRateLimit | ClusterRateLimit;

/** For each worker by itself, as in Celery. */
export interface WorkerRateLimit {
  readonly scope: 'worker';
  /** Between two starts. */
  readonly intervalMs: number;
}

export interface ClusterRateLimit {
  readonly scope: 'cluster';
  /** Between two starts. */
  readonly intervalMs: number;
  readonly burst: number;
  readonly key: KeySource | undefined;
}

export interface ConcurrencyLimit {
  readonly max: number;
  readonly key: KeySource | undefined;
}

/** Where a key comes from: a parameter's name, or a function of the bound arguments. */
export type KeySource = string | ((...args: readonly unknown[]) => unknown);

/**
 * Reads a rate as Celery does.
 * @throws InvalidOptionError
 */
export function readRate(value: unknown, path: string): WorkerRateLimit | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const perSecond = typeof value === 'number' ? value : typeof value === 'string' ? parse(value) : undefined;
  if (perSecond === undefined || !Number.isFinite(perSecond) || perSecond < 0) {
    throw new InvalidOptionError(
      path,
      `expected a number per second, or a rate such as '10/s', '100/m' or '5/h', got ${describe(value)}`,
    );
  }
  return perSecond === 0 ? undefined : Object.freeze({ scope: 'worker', intervalMs: 1000 / perSecond });
}

/** `rateLimit` of a task. */
export const rateLimit =
  (byDefault: RateLimit | undefined): Field<RateLimit | undefined> =>
  (value, path) => {
    if (value === undefined) return byDefault;
    if (typeof value !== 'object' || value === null) return readRate(value, path);
    const { max, per, burst, key } = readOptions<ReadCluster>(path, value, clusterFields);
    return Object.freeze({ scope: 'cluster', intervalMs: per / max, burst, key });
  };

/** `concurrency` of a task. */
export const concurrencyLimit: Field<ConcurrencyLimit | undefined> = (value, path) =>
  value === undefined ? undefined : readOptions<ConcurrencyLimit>(path, value, { max: most, key: keySource });

interface ReadCluster {
  readonly max: number;
  readonly per: number;
  readonly burst: number;
  readonly key: KeySource | undefined;
}

const most: Field<number> = (value, path) => {
  if (value === undefined) throw new InvalidOptionError(path, 'is missing: how many?');
  return integer(1, 1)(value, path);
};

const per: Field<number> = (value, path) => {
  const perMs = duration(undefined)(value, path);
  if (perMs !== undefined && perMs > 0) return perMs;
  throw new InvalidOptionError(path, `expected a duration such as '1m', got ${describe(value)}`);
};

const keySource: Field<KeySource | undefined> = (value, path) => {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  if (typeof value === 'function') return value as Exclude<KeySource, string>;
  throw new InvalidOptionError(
    path,
    `expected a parameter's name or a function of the task's arguments, got ${describe(value)}`,
  );
};

const clusterFields = { max: most, per, burst: integer(1, 1), key: keySource };

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Starts per second; undefined: no rate. */
function parse(text: string): number | undefined {
  const [, digits, unit = 's'] = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*([smh]))?\s*$/.exec(text) ?? [];
  const seconds = UNIT_SECONDS[unit];
  return digits === undefined || seconds === undefined ? undefined : Number(digits) / seconds;
}
