/** Where a task stands that may start once in `intervalMs` in this worker. Times are monotonic ms. */
export interface RateBucket {
  readonly intervalMs: number;
  /** When the next start may be that nobody has yet. */
  readonly freeMs: number;
  /** Until when the starts are meant for those that were put away. */
  readonly promisedMs: number;
}

export type Turn =
  | { readonly turn: 'now' }
  /** Its start is kept for it: it may start then, whatever else comes. */
  | { readonly turn: 'kept'; readonly waitMs: number }
  /** It is to ask again then. */
  | { readonly turn: 'later'; readonly waitMs: number };

export interface TurnFacts {
  readonly nowMs: number;
  /** It can wait in memory. */
  readonly mayHold: boolean;
  /** 0 ≤ random < 1. */
  readonly random: number;
}

/** Celery's bucket: holds one start, and full at first. A new rate is a new bucket. */
export function newBucket(intervalMs: number): RateBucket {
  return { intervalMs, freeMs: 0, promisedMs: 0 };
}

/**
 * Those put away come back one interval after the other behind those who wait in memory, so that each is looked at about
 * once.
 */
export function takeTurn(
  bucket: RateBucket,
  { nowMs, mayHold, random }: TurnFacts,
): { readonly bucket: RateBucket; readonly turn: Turn } {
  const { intervalMs } = bucket;
  const freeMs = Math.max(bucket.freeMs, nowMs);
  const waitMs = freeMs - nowMs;
  if (waitMs === 0) return { bucket: { ...bucket, freeMs: nowMs + intervalMs }, turn: NOW };
  if (mayHold && waitMs <= LONGEST_HOLD_MS)
    return { bucket: { ...bucket, freeMs: freeMs + intervalMs }, turn: { turn: 'kept', waitMs } };
  const dueMs = Math.max(bucket.promisedMs, freeMs);
  const farMs = dueMs - nowMs;
  if (farMs > LONGEST_WAIT_MS) return { bucket, turn: { turn: 'later', waitMs: spread(random) } };
  return {
    bucket: { ...bucket, promisedMs: dueMs + intervalMs },
    turn: { turn: 'later', waitMs: farMs },
  };
}

/** How long to wait at the end of a line that is longer than anyone can promise: not all come back at once. */
export function spread(random: number): number {
  return LONGEST_WAIT_MS * (0.5 + random / 2);
}

/** Nobody waits longer before being looked at again, so that a change of the limit is felt by then. */
export const LONGEST_WAIT_MS = 600_000;
/** Whoever waits longer takes no place in memory. */
const LONGEST_HOLD_MS = 10_000;
const NOW: Turn = Object.freeze({ turn: 'now' });
