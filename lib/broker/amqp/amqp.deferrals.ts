import type { WireMessage } from '../../message/wire-message.js';
import type { Clock } from '../../runtime/clock.js';
import type { Delivery, Settled } from '../broker.js';
import { ORIGIN_HEADER } from './amqp.arrival.js';
import { delayTarget } from './amqp.delayed.js';
import type { AmqpPublisher } from './amqp.publisher.js';

/** Puts deliveries away into the delay queues: first a confirmed copy, then the original is acknowledged. */
export class Deferrals {
  readonly #publisher: AmqpPublisher;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(publisher: AmqpPublisher, clock: Clock, limitMs: number) {
    this.#publisher = publisher;
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /**
   * @param ack acknowledges the original; false when that is not possible any more: it will be handed out again, and
   *   deferred once more
   * @throws what publishing threw; the original is then untouched
   */
  put(delivery: Delivery, dueMs: number, ack: () => boolean): Promise<Settled> {
    const work = this.#put(delivery, dueMs, ack).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    return work;
  }

  /** Resolves when those begun so far have ended, well or not. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #put(delivery: Delivery, dueMs: number, ack: () => boolean): Promise<Settled> {
    const { queue } = delivery;
    const target = delayTarget(queue, dueMs, this.#clock.now());
    const copy = delayedCopy(delivery.message, delivery);
    await this.#publisher.publish(target, copy, this.#limitMs, { queue, dueMs });
    return ack() ? 'settled' : 'lost';
  }
}

/** Where a message was, or was sent, and what is known of it. */
export interface Origin {
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered?: boolean;
  readonly deliveryCount?: number | undefined;
}

/** As it travels through the delay queues: with its own time to live it would leave them too early. */
export function delayedCopy(
  message: WireMessage,
  { exchange, routingKey, redelivered, deliveryCount }: Origin,
): WireMessage {
  const { expiration, ...properties } = message.properties;
  const origin = {
    exchange,
    routing_key: routingKey,
    ...(redelivered === true ? { redelivered } : {}),
    ...(deliveryCount === undefined ? {} : { deliveries: deliveryCount }),
    ...(expiration === undefined ? {} : { expiration }),
  };
  return { ...message, headers: { ...message.headers, [ORIGIN_HEADER]: origin }, properties };
}
