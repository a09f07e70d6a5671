import type { Service } from '../runtime/service.js';

/** Keeps the process alive on brokers without a socket: timers of the clock do not. */
export class KeepAlive implements Service {
  readonly name = 'keep-alive';
  #handle: NodeJS.Timeout | undefined;

  async start(): Promise<void> {
    this.#handle ??= setInterval(() => undefined, LONGEST_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#handle);
    this.#handle = undefined;
  }
}

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;
