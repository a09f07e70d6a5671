import { BrokerClosedError, PublishError, UnroutableError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import type {
  Broker,
  BrokerSupport,
  CommonGround,
  ConsumeOptions,
  PublishTarget,
  QueueMeasures,
  Subscription,
} from '../broker.js';
import { ChurnSet } from '../../runtime/churn.set.js';
import type { BrokerSettings } from '../broker.options.js';
import type { QueueDeclaration } from '../topology.js';
import { joinHub, leaveHub, type HubLease } from './shared-hubs.js';
import type { MemoryDelivery } from './memory.delivery.js';
import type { MemoryHub } from './memory.hub.js';
import { MemorySubscription, type SubscriptionOwner } from './memory.subscription.js';

/**
 * The embedded broker: RabbitMQ's model inside one process, for development, tests and jobs that may die with their
 * process. It is the reference implementation of the seam.
 *
 * `memory://` is a world of its own; all brokers opened on `memory://name` in a process share one.
 */
export class MemoryBroker implements Broker, SubscriptionOwner {
  readonly transport = 'memory';
  readonly supports: BrokerSupport = Object.freeze({
    priority: 'high-first',
    deferResolutionMs: 1,
    holdsBack: false,
    prefetchPerQueue: false,
    heedsRoom: true,
    deadLetter: true,
    deliveryCount: true,
    eventExchange: 'topic',
  });
  readonly held = new ChurnSet<MemoryDelivery>();
  readonly #lease: HubLease;
  readonly #subscriptions = new Set<MemorySubscription>();
  #closing: Promise<void> | undefined;

  static open(settings: BrokerSettings): MemoryBroker {
    return new MemoryBroker(settings.urls[0] ?? 'memory://', settings);
  }

  private constructor(
    readonly url: string,
    { clock }: BrokerSettings,
  ) {
    this.#lease = joinHub(url, clock);
  }

  get hub(): MemoryHub {
    return this.#lease.hub;
  }

  get common(): CommonGround {
    return { kind: 'process', place: this.hub };
  }

  get connected(): boolean {
    return this.#closing === undefined;
  }

  async connect(): Promise<void> {
    this.#mustBeOpen();
  }

  async declareQueue(queue: QueueDeclaration): Promise<void> {
    this.#mustBeOpen();
    this.hub.declareQueue(queue, this);
  }

  async publish(target: PublishTarget, message: WireMessage): Promise<void> {
    this.#mustBeOpen();
    this.#declareTarget(target);
    const routed = this.hub.publish(target.exchange, target.routingKey, message);
    if (routed === 'routed' || (routed === 'unroutable' && target.mayGoUnheard === true)) return;
    const address = `exchange ${JSON.stringify(target.exchange)}, routing key ${JSON.stringify(target.routingKey)}`;
    if (routed === 'unroutable') throw new UnroutableError(address);
    throw new PublishError(address, false, 'a queue there is full (x-max-length) and refuses more');
  }

  async consume(queues: readonly QueueDeclaration[], options: ConsumeOptions): Promise<Subscription> {
    this.#mustBeOpen();
    // All are declared before one is consumed: a refused declaration must not leave half a subscription behind.
    const declared = queues.map((queue) => this.hub.declareQueue(queue, this));
    const subscription = new MemorySubscription(this, declared, options);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async recall(marks: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    this.hub.recall(marks);
  }

  async purge(queue: string): Promise<number> {
    this.#mustBeOpen();
    return this.hub.queue(queue)?.purge() ?? 0;
  }

  async size(queue: string): Promise<number> {
    this.#mustBeOpen();
    return this.hub.queue(queue)?.size ?? 0;
  }

  async measure(name: string): Promise<QueueMeasures> {
    this.#mustBeOpen();
    const queue = this.hub.queue(name);
    const { size: ready = 0, consumers = 0, oldestSentMs } = queue ?? {};
    return { ready, unacked: undefined, consumers, oldestSentMs };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  ended(subscription: MemorySubscription): void {
    this.#subscriptions.delete(subscription);
  }

  async #close(): Promise<void> {
    // Before the subscriptions end, since that may remove queues; last first, so that the oldest comes to the very front.
    for (const delivery of [...this.held].toReversed()) delivery.giveBack();
    for (const subscription of this.#subscriptions) await subscription.cancel();
    this.hub.release(this);
    leaveHub(this.#lease);
  }

  #declareTarget({ queue, exchangeDeclaration }: PublishTarget): void {
    if (exchangeDeclaration !== undefined) this.hub.declareExchange(exchangeDeclaration);
    if (queue === undefined) return;
    if (!queue.consumerOnly) this.hub.declareQueue(queue, this);
    else if (queue.exchange !== undefined) this.hub.declareExchange(queue.exchange);
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new BrokerClosedError(this.url);
  }
}
