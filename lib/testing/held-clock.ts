import type { Clock, Timer } from '../runtime/clock.js';

/** A clock that stands still until the test moves it. */
export class HeldClock implements Clock {
  readonly #startMs: number;
  #nowMs: number;
  #waiting: Waiting[] = [];

  constructor(start: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#startMs = start.getTime();
    this.#nowMs = this.#startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, fire: () => void): Timer {
    const waiting: Waiting = { dueMs: this.#nowMs + Math.max(0, delayMs), fire };
    const later = this.#waiting.findIndex((other) => other.dueMs > waiting.dueMs);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, waiting);
    return { cancel: () => void (this.#waiting = this.#waiting.filter((other) => other !== waiting)) };
  }

  /** Timers that have neither fired nor been cancelled. 0 at the end of a test: nothing was left behind. */
  get timers(): number {
    return this.#waiting.length;
  }

  /**
   * Moves time on. Every timer due on the way fires at its own moment, in order, and what it sets going (promises,
   * immediates, new timers) gets its turn before time goes further.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await turn();
    for (let next = this.#waiting[0]; next !== undefined && next.dueMs <= endMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.fire();
      await turn();
    }
    this.#nowMs = endMs;
    await turn();
  }
}

interface Waiting {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** Lets every promise and immediate that is ready run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
