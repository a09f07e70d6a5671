import type { Broker, ConsumeOptions, Sifted, Subscription, WhenToPutAway } from '../broker/broker.js';
import type { QueueDeclaration } from '../broker/topology.js';

/** The options for a queue of its own, as they are when it is added. */
export type OptionsOf = (queue: string) => ConsumeOptions;

/**
 * A subscription for each queue, seen as one: where a broker counts the prefetch over all queues of a subscription, a
 * flood in one of them takes no places from the others.
 */
export class QueuesApart implements Subscription {
  readonly #each = new Map<string, Subscription>();
  #cancelled = false;

  private constructor(
    private readonly broker: Broker,
    private readonly optionsOf: OptionsOf,
  ) {}

  /** @throws what `Broker.consume` throws for any of the queues; then none is consumed */
  static async open(
    broker: Broker,
    queues: readonly QueueDeclaration[],
    optionsOf: OptionsOf,
  ): Promise<QueuesApart> {
    const apart = new QueuesApart(broker, optionsOf);
    try {
      for (const queue of queues) await apart.addQueue(queue);
      return apart;
    } catch (error) {
      await apart.cancel();
      throw error;
    }
  }

  get missing(): readonly string[] {
    return [...this.#each.values()].flatMap(({ missing }) => missing ?? []);
  }

  get unheard(): boolean {
    return [...this.#each.values()].some(({ unheard }) => unheard === true);
  }

  async setPrefetch(prefetch: number): Promise<void> {
    await this.#all((subscription) => subscription.setPrefetch(prefetch));
  }

  async addQueue(queue: QueueDeclaration): Promise<void> {
    if (this.#each.has(queue.name)) return;
    const subscription = await this.broker.consume([queue], this.optionsOf(queue.name));
    if (this.#cancelled) await subscription.cancel();
    this.#each.set(queue.name, subscription);
  }

  async removeQueue(queue: string): Promise<void> {
    const subscription = this.#each.get(queue);
    this.#each.delete(queue);
    await subscription?.cancel();
  }

  /** Nothing is looked at where the broker has no such step. */
  async sift(queue: string, when: WhenToPutAway): Promise<Sifted> {
    return (await this.#each.get(queue)?.sift?.(queue, when)) ?? NOTHING;
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    await this.#all((subscription) => subscription.cancel());
  }

  async #all(call: (subscription: Subscription) => Promise<void>): Promise<void> {
    await Promise.all([...this.#each.values()].map(call));
  }
}

const NOTHING: Sifted = Object.freeze({ looked: 0, put: [] });
