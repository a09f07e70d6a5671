import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from './fleet.js';

/** Replaces the workers of a fleet that die, as an init system would, until it is told to stop. */
export class Keeper implements AsyncDisposable {
  #deaths = 0;
  #stopped = false;
  readonly #keeping: Promise<void>;

  constructor(
    private readonly fleet: Fleet,
    private readonly workers: number,
  ) {
    this.#keeping = this.#keep();
  }

  /** So many had to be replaced. */
  get deaths(): number {
    return this.#deaths;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#keeping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #keep(): Promise<void> {
    while (!this.#stopped) {
      if (this.fleet.running.length < this.workers) {
        this.#deaths += 1;
        // Killed while it starts, it is replaced like the others.
        await this.fleet.start().catch(() => undefined);
      } else await pause(20);
    }
  }
}
