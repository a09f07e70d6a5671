/** A consumer at the server, and how many messages RabbitMQ lets it hold; 0: no limit. */
export interface Window {
  readonly tag: string;
  readonly prefetch: number;
}

/** How consumers come to hold another number together. */
export interface Fitting {
  readonly stay: readonly Window[];
  readonly go: readonly Window[];
  /** Of one more; undefined: none is needed. */
  readonly more: number | undefined;
}

/**
 * RabbitMQ never changes what a consumer may hold, and counts what it has by itself. So more is another consumer beside
 * those that stand, and less is without the youngest ones: together they hold the number at any time, but for what one
 * that goes still has.
 *
 * @param prefetch 0: no limit
 * @param isSplit false where only one consumer of a queue is served (`x-single-active-consumer`)
 */
export function fit(standing: readonly Window[], prefetch: number, isSplit: boolean): Fitting {
  let count = 0;
  let sum = 0;
  for (const window of standing) {
    if (window.prefetch === 0 || sum + window.prefetch > prefetch) break;
    sum += window.prefetch;
    count += 1;
  }
  if (count === standing.length && sum === prefetch && sum > 0)
    return { stay: standing, go: [], more: undefined };
  if (!isSplit || prefetch === 0) return { stay: [], go: standing, more: prefetch };
  const more = prefetch - sum;
  return { stay: standing.slice(0, count), go: standing.slice(count), more: more === 0 ? undefined : more };
}
