import type { Delivery } from '../broker/broker.js';
import type { Clock } from '../runtime/clock.js';

/**
 * When the newest message that was taken from a queue was sent: none that still waits there was sent before it, but for
 * those that came back. All that can be known where a broker does not show what waits.
 */
export class LastTaken {
  readonly #sentMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  took({ queue, message }: Delivery): void {
    const { sentMs } = message.properties;
    if (sentMs === undefined) return;
    // A client's clock may be ahead: what it says must not outlast the message by more than that.
    const soFarMs = Math.min(sentMs, this.clock.now());
    if (soFarMs > (this.#sentMs.get(queue) ?? 0)) this.#sentMs.set(queue, soFarMs);
  }

  /** Epoch ms. Undefined: none was taken that says so. */
  sentMs(queue: string): number | undefined {
    return this.#sentMs.get(queue);
  }

  forget(queue: string): void {
    this.#sentMs.delete(queue);
  }
}
