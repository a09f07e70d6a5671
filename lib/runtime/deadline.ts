import type { Clock } from './clock.js';

/**
 * The promise's own outcome, or `late()` thrown once `limitMs` has passed. The promise is not cancelled: whoever gives
 * a deadline also says in `late` what becomes of the work.
 */
export function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limitMs, () => reject(late()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
