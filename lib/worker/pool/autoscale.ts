import type { ScaleRange } from './pool.options.js';

/** What the size of a pool depends on. */
export interface ScaleFacts {
  readonly size: number;
  /** Tasks that run or wait for a place. */
  readonly load: number;
  readonly range: ScaleRange;
  /** Since it last grew. */
  readonly sinceGrowthMs: number;
}

/** Celery's rule: grow at once to what is needed; shrink to it when it has not grown for a while. */
export function scaledSize({ size, load, range, sinceGrowthMs }: ScaleFacts): number {
  const needed = Math.max(range.min, Math.min(load, range.max));
  return needed > size || sinceGrowthMs >= KEEP_ALIVE_MS ? needed : size;
}

/** Celery's `AUTOSCALE_KEEPALIVE`. */
export const KEEP_ALIVE_MS = 30_000;
