import type { Clock } from '../runtime/clock.js';

/** Clocks are slewed by less than this between two looks. */
const JUMP_MS = 1_000;

/** Sees the wall clock being set, or the machine having slept: then it goes on otherwise than the monotonic clock. */
export class ClockWatch {
  #aheadMs: number;

  constructor(private readonly clock: Clock) {
    this.#aheadMs = this.#lead();
  }

  /** By how much the wall clock jumped since the last look, ms; 0: it did not. */
  jumpMs(): number {
    const movedMs = this.#lead() - this.#aheadMs;
    this.#aheadMs += movedMs;
    return Math.abs(movedMs) > JUMP_MS ? movedMs : 0;
  }

  reset(): void {
    this.#aheadMs = this.#lead();
  }

  #lead(): number {
    return this.clock.now() - this.clock.monotonicMs();
  }
}
