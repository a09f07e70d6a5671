import { BrokerClosedError } from '../../errors.js';
import type { ChurnSet } from '../../runtime/churn.set.js';
import type { ConsumeOptions, Sifted, Subscription, WhenToPutAway } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';
import { MemoryDelivery } from './memory.delivery.js';
import type { MemoryHub } from './memory.hub.js';
import type { MemoryQueue, QueueConsumer } from './memory.queue.js';
import { MemorySifter } from './memory.sifter.js';
import type { StoredMessage } from './stored-message.js';

/** The connection a subscription belongs to. */
export interface SubscriptionOwner {
  readonly url: string;
  readonly hub: MemoryHub;
  /** Everything handed out and not settled, oldest first; it outlives the subscription. */
  readonly held: ChurnSet<MemoryDelivery>;
  ended(subscription: MemorySubscription): void;
}

export class MemorySubscription implements Subscription, QueueConsumer {
  readonly #owner: SubscriptionOwner;
  readonly #options: ConsumeOptions;
  /** In the order of their turns: whichever was served last stands last. */
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #sifters = new Map<string, MemorySifter>();
  #prefetch: number;
  #unsettled = 0;
  #cancelled = false;

  constructor(owner: SubscriptionOwner, queues: readonly MemoryQueue[], options: ConsumeOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#prefetch = options.prefetch;
    for (const queue of queues) this.#start(queue);
  }

  get hasRoom(): boolean {
    if (this.#options.room !== undefined && this.#options.room() <= 0) return false;
    return this.#prefetch === 0 || this.#unsettled < this.#prefetch || this.#options.noAck === true;
  }

  handOut(queue: MemoryQueue, stored: StoredMessage): void {
    if (this.#queues.size > 1) {
      this.#queues.delete(queue.name);
      this.#queues.set(queue.name, queue);
    }
    const delivery = new MemoryDelivery(stored, queue, this.#owner.hub, this.#released);
    if (this.#options.noAck === true) {
      void delivery.ack();
    } else {
      this.#unsettled += 1;
      this.#owner.held.add(delivery);
    }
    this.#options.onDelivery(delivery);
  }

  async sift(queue: string, when: WhenToPutAway): Promise<Sifted> {
    const { hub } = this.#owner;
    const consumed = this.#queues.get(queue);
    if (consumed === undefined) return { looked: 0, put: [] };
    const sifter = this.#sifters.get(queue) ?? new MemorySifter(consumed, hub, hub.clock);
    this.#sifters.set(queue, sifter);
    return sifter.sift(when);
  }

  async setPrefetch(prefetch: number): Promise<void> {
    this.#prefetch = prefetch;
    this.#wakeAll();
  }

  /** @throws BrokerClosedError after `cancel`, TopologyConflictError */
  async addQueue(queue: QueueDeclaration): Promise<void> {
    if (this.#cancelled) throw new BrokerClosedError(this.#owner.url);
    this.#start(this.#owner.hub.declareQueue(queue, this.#owner));
  }

  async removeQueue(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    this.#sifters.delete(name);
    queue?.removeConsumer(this);
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    for (const queue of this.#queues.values()) queue.removeConsumer(this);
    this.#queues.clear();
    this.#owner.ended(this);
  }

  #start(queue: MemoryQueue): void {
    if (this.#queues.get(queue.name) === queue) return;
    this.#queues.set(queue.name, queue);
    queue.addConsumer(this);
  }

  readonly #released = (delivery: MemoryDelivery): void => {
    if (!this.#owner.held.delete(delivery)) return;
    const wasFull = !this.hasRoom;
    this.#unsettled -= 1;
    if (wasFull) this.#wakeAll();
  };

  #wakeAll(): void {
    if (!this.hasRoom) return;
    for (const queue of this.#queues.values()) this.#owner.hub.wake(queue);
  }
}
