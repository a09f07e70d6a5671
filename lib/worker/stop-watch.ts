import type { Clock, Timer } from '../runtime/clock.js';

/** A grace time that can be shortened while someone waits for its end. */
export class StopWatch {
  #endMs = Infinity;
  #timer: Timer | undefined;
  #onEnd: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Ends after this; an earlier end stays. */
  within(graceMs: number): void {
    this.#endMs = Math.min(this.#endMs, this.clock.monotonicMs() + graceMs);
    this.#arm();
  }

  /** Ends after this, from now on. */
  restart(graceMs: number): void {
    this.#endMs = Infinity;
    this.within(graceMs);
  }

  /** True when `work` came first. */
  ends(work: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (inTime: boolean): void => {
        this.#timer?.cancel();
        this.#onEnd = undefined;
        resolve(inTime);
      };
      this.#onEnd = () => settle(false);
      void work.then(() => settle(true));
      this.#arm();
    });
  }

  #arm(): void {
    this.#timer?.cancel();
    const onEnd = this.#onEnd;
    if (onEnd !== undefined) this.#timer = this.clock.after(this.#endMs - this.clock.monotonicMs(), onEnd);
  }
}
