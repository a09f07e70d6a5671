import type { Delivery } from '../broker/broker.js';
import type { Clock, Timer } from '../runtime/clock.js';

/**
 * Gives messages back to their queues after a wait, so that one that cannot be settled now does not go round in a hot loop.
 * They stay unsettled while they wait: should the worker die, the broker hands them out again by itself.
 */
export class LaterRequeues {
  readonly #waiting = new Map<Delivery, Timer>();
  readonly #underWay = new Map<Delivery, Promise<unknown>>();
  #stopping = false;

  constructor(private readonly clock: Clock) {}

  /** Messages that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Told to the broker, and not answered yet. */
  get unanswered(): number {
    return this.#underWay.size;
  }

  isUnanswered(delivery: Delivery): boolean {
    return this.#underWay.has(delivery);
  }

  requeueAfter(delivery: Delivery, waitMs: number): void {
    if (this.#stopping || waitMs === 0) return this.#requeue(delivery);
    this.#waiting.set(
      delivery,
      this.clock.after(waitMs, () => this.#requeue(delivery)),
    );
  }

  /** Gives all of them back now; resolves when the broker has them. What comes later goes back at once. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const delivery of this.#waiting.keys()) this.#requeue(delivery);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  #requeue(delivery: Delivery): void {
    this.#waiting.get(delivery)?.cancel();
    this.#waiting.delete(delivery);
    // A requeue that fails leaves the message unsettled, and the broker hands it out again.
    const done = delivery.requeue().then(NOTHING, NOTHING);
    this.#underWay.set(delivery, done);
    void done.then(() => this.#underWay.delete(delivery));
  }
}

const NOTHING = (): void => undefined;
