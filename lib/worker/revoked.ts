import type { TaskMessage } from '../message/task-message.js';
import type { Clock } from '../runtime/clock.js';

/** As Celery's `CELERY_WORKER_REVOKES_MAX` and `CELERY_WORKER_REVOKE_EXPIRES`. */
const MOST_IDS = 50_000;
const LIFE_MS = 10_800_000;
/** Stamps that are not to run: names of headers, and values of each. */
const MOST_STAMPS = 10_000;

/** Tasks that are not to run. Bounded: the oldest are forgotten first, and each after three hours. */
export class RevokedTasks {
  readonly #since = new Map<string, number>();
  readonly #stamps = new Map<string, Set<string>>();
  #stamped = 0;

  constructor(private readonly clock: Clock) {}

  /** @param ageMs how long ago it was revoked */
  add(taskId: string, ageMs = 0): void {
    this.#since.delete(taskId);
    this.#since.set(taskId, this.clock.monotonicMs() - ageMs);
    for (const [oldest, sinceMs] of this.#since) {
      if (this.#since.size <= MOST_IDS && this.clock.monotonicMs() - sinceMs < LIFE_MS) return;
      this.#since.delete(oldest);
    }
  }

  has(taskId: string): boolean {
    const sinceMs = this.#since.get(taskId);
    return sinceMs !== undefined && this.clock.monotonicMs() - sinceMs < LIFE_MS;
  }

  /** Tasks with such a stamp. False: too many are kept already. */
  addStamp(header: string, value: string): boolean {
    const values = this.#stamps.get(header) ?? new Set();
    if (values.has(value)) return true;
    if (this.#stamped >= MOST_STAMPS) return false;
    this.#stamped += 1;
    this.#stamps.set(header, values.add(value));
    return true;
  }

  /** By its id, or one of its stamps. */
  covers({ id, stamps }: Pick<TaskMessage, 'id' | 'stamps'>): boolean {
    return this.has(id) || (this.#stamped > 0 && this.#coversStamp(stamps));
  }

  /** The latest first, with their ages. */
  *latest(): Iterable<readonly [taskId: string, ageMs: number]> {
    for (const [taskId, sinceMs] of [...this.#since].reverse()) {
      const ageMs = this.clock.monotonicMs() - sinceMs;
      if (ageMs < LIFE_MS) yield [taskId, ageMs];
    }
  }

  #coversStamp(stamps: TaskMessage['stamps']): boolean {
    for (const [header, values] of this.#stamps) {
      const stamped = stamps[header];
      const each: readonly unknown[] = Array.isArray(stamped) ? stamped : [stamped];
      if (each.some((value) => typeof value === 'string' && values.has(value))) return true;
    }
    return false;
  }
}
