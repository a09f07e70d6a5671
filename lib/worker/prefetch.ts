export interface PrefetchFacts {
  /** Handlers that run at once, in all pools. */
  readonly capacity: number;
  /** 0: no limit. */
  readonly multiplier: number;
  /** A message is taken for a free slot only. */
  readonly disabled: boolean;
  readonly queues: number;
  /** The broker counts the prefetch for each queue by itself. */
  readonly perQueue: boolean;
}

/** Messages that a worker takes ahead, over all of its queues; 0: no limit. */
export function totalPrefetch({ capacity, multiplier, disabled }: PrefetchFacts): number {
  return disabled ? capacity : capacity * multiplier;
}

/**
 * What the broker is told. Where it counts for each queue, the queues share the total, but each one alone can fill the
 * pools: with more queues than the multiplier says, all of them together may hold more than the total.
 */
export function prefetchOf(facts: PrefetchFacts): number {
  const total = totalPrefetch(facts);
  const { capacity, queues, perQueue } = facts;
  if (total === 0 || !perQueue) return total;
  return Math.max(Math.min(capacity, total), Math.floor(total / Math.max(1, queues)));
}
