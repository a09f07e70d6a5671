import type { Clock } from '../runtime/clock.js';

/** As Celery's `CELERY_WORKER_REVOKES_MAX` and `CELERY_WORKER_REVOKE_EXPIRES`. */
const MOST = 50_000;
const LIFE_MS = 10_800_000;

/** Ids and how long they have been known. Bounded: the oldest are forgotten first, and each after three hours. */
export class AgingSet {
  readonly #since = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** @param ageMs how long it has been known already, to others */
  add(id: string, ageMs = 0): void {
    this.#since.delete(id);
    this.#since.set(id, this.clock.monotonicMs() - ageMs);
    for (const [oldest, sinceMs] of this.#since) {
      if (this.#since.size <= MOST && this.clock.monotonicMs() - sinceMs < LIFE_MS) return;
      this.#since.delete(oldest);
    }
  }

  has(id: string): boolean {
    const sinceMs = this.#since.get(id);
    return sinceMs !== undefined && this.clock.monotonicMs() - sinceMs < LIFE_MS;
  }

  /** The latest first, with their ages. */
  *latest(): Iterable<readonly [id: string, ageMs: number]> {
    for (const [id, sinceMs] of [...this.#since].reverse()) {
      const ageMs = this.clock.monotonicMs() - sinceMs;
      if (ageMs < LIFE_MS) yield [id, ageMs];
    }
  }
}
