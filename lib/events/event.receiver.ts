import { randomUUID } from 'node:crypto';
import type { Broker, Subscription } from '../broker/broker.js';
import type { Content } from '../message/content.js';
import type { WireMessage } from '../message/wire-message.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import type { CeleryEvent, EventOf } from './event.js';
import { readEvents } from './event.codec.js';
import { eventExchange, eventQueue } from './event.exchange.js';
import type { LamportClock } from '../runtime/lamport.clock.js';

export interface ReceiverDeps {
  readonly broker: Broker;
  readonly content: Content;
  /** Kept ahead of every event that is heard. */
  readonly lamport: LamportClock;
  readonly log: Log;
  /** Which events: `#` for all, `worker.#` for those about workers. Default all. */
  readonly routingKey?: string;
}

/**
 * Messages sent to a receiver and not heard yet. RabbitMQ keeps what it sends without a bound in its own memory for as long as the
 * receiver does not read; what stays in the queue is dropped after 5 s.
 */
const MOST_ON_THE_WAY = 100;

type Listener = (event: CeleryEvent) => void;

/** Hears the events of a fleet, Python's and ours, while it is started. */
export class EventReceiver implements Service {
  readonly name = 'events';
  readonly #listeners = new Map<CeleryEvent['type'] | '*', Set<Listener>>();
  #subscription: Promise<Subscription> | undefined;
  #unread = 0;

  constructor(private readonly deps: ReceiverDeps) {}

  /** Messages and parts of messages that were no events. */
  get unread(): number {
    return this.#unread;
  }

  /** Calls back for every event of the type, or of all. What it returns ends that. */
  on<T extends CeleryEvent['type']>(type: T, listener: (event: EventOf<T>) => void): () => void;
  on(type: '*', listener: Listener): () => void;
  on(type: CeleryEvent['type'] | '*', listener: (event: never) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    listeners.add(listener as Listener);
    this.#listeners.set(type, listeners);
    return () => void listeners.delete(listener as Listener);
  }

  /** Resolves when it hears. @throws what `Broker.consume` throws */
  async start(): Promise<void> {
    const { broker, routingKey = '#' } = this.deps;
    const queue = eventQueue(`celeryev.${randomUUID()}`, routingKey, eventExchange(broker.supports));
    this.#subscription ??= broker.consume([queue], {
      prefetch: MOST_ON_THE_WAY,
      onDelivery: (delivery) => {
        this.#hear(delivery.message);
        void delivery.ack();
      },
    });
    await this.#subscription;
  }

  async stop(): Promise<void> {
    const subscription = await this.#subscription?.catch(() => undefined);
    this.#subscription = undefined;
    await subscription?.cancel();
  }

  #hear(message: WireMessage): void {
    const { events, unread } = readEvents(message, this.deps.content);
    this.#unread += unread;
    for (const event of events) {
      // Clients do not share their clocks.
      if (event.type !== 'task-sent') this.deps.lamport.adjust(event.clock);
      this.#tell(event.type, event);
      this.#tell('*', event);
    }
  }

  #tell(type: CeleryEvent['type'] | '*', event: CeleryEvent): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(event);
      } catch (error) {
        this.deps.log.error(`A listener to events threw: ${String(error)}`);
      }
    }
  }
}
