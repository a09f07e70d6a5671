import type { Delivery } from '../../lib/broker/broker.js';

/** Collects deliveries and hands them to the test one by one, in the order they came. */
export class Inbox {
  readonly #waiting: Delivery[] = [];
  readonly #takers: ((delivery: Delivery) => void)[] = [];
  #received = 0;

  /** Give this as `onDelivery`. */
  readonly receive = (delivery: Delivery): void => {
    this.#received += 1;
    const taker = this.#takers.shift();
    if (taker === undefined) this.#waiting.push(delivery);
    else taker(delivery);
  };

  /** Deliveries that ever came. */
  get received(): number {
    return this.#received;
  }

  /** Deliveries that came and were not taken yet. */
  get untaken(): number {
    return this.#waiting.length;
  }

  /** The next delivery, waiting for it if need be. */
  next(withinMs = 10_000): Promise<Delivery> {
    const delivery = this.#waiting.shift();
    if (delivery !== undefined) return Promise.resolve(delivery);
    return new Promise((resolve, reject) => {
      const taker = (came: Delivery): void => {
        clearTimeout(deadline);
        resolve(came);
      };
      const deadline = setTimeout(() => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        reject(new Error(`No delivery came within ${withinMs} ms (${this.#received} before)`));
      }, withinMs);
      this.#takers.push(taker);
    });
  }

  /** The next `count` deliveries. */
  async take(count: number): Promise<Delivery[]> {
    const taken: Delivery[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** The bodies of the next `count` deliveries, each acknowledged. */
  async takeBodies(count: number): Promise<string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) {
      const delivery = await this.next();
      bodies.push(bodyOf(delivery));
      await delivery.ack();
    }
    return bodies;
  }
}

export const bodyOf = (delivery: Delivery): string => delivery.message.body.toString();
