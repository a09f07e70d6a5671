import type { Clock } from './clock.js';

/** Bounds how much of the time some work may take. */
export class TimeBudget {
  readonly #clock: Clock;
  #windowMs = -Infinity;
  #spentMs = 0;

  /**
   * @param perWindowMs time for the work in each window
   * @param lengthMs of a window
   */
  constructor(
    clock: Clock,
    private readonly perWindowMs: number,
    private readonly lengthMs: number,
  ) {
    this.#clock = clock;
  }

  /** Until there is time again, ms; 0: there is. What took too long is paid back by the windows that follow. */
  get waitMs(): number {
    const sinceMs = this.#clock.monotonicMs() - this.#windowMs;
    const owedMs = this.#spentMs - this.perWindowMs * Math.floor(sinceMs / this.lengthMs);
    if (owedMs < this.perWindowMs) return 0;
    const windows = Math.floor(owedMs / this.perWindowMs) + Math.floor(sinceMs / this.lengthMs);
    return windows * this.lengthMs - sinceMs;
  }

  spend<T>(work: () => T): T {
    const startMs = this.#clock.monotonicMs();
    const passed = Math.floor((startMs - this.#windowMs) / this.lengthMs);
    if (passed >= 1) {
      this.#spentMs = Math.max(0, this.#spentMs - this.perWindowMs * passed);
      this.#windowMs = startMs;
    }
    try {
      return work();
    } finally {
      this.#spentMs += this.#clock.monotonicMs() - startMs;
    }
  }
}
