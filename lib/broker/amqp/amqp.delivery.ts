import { PublishError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import type { Delivery, Settled } from '../broker.js';
import type { DeliveryChannel, Held } from './amqp.channel.js';
import type { Deferrals } from './amqp.deferrals.js';
import type { Arrival } from './amqp.arrival.js';

/** Answers are the same every time, so they are made once. */
const SETTLED = Promise.resolve<Settled>('settled');
const LOST = Promise.resolve<Settled>('lost');

export class AmqpDelivery implements Delivery, Held {
  readonly message: WireMessage;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly deliveryCount: number | undefined;
  readonly malformed: string | undefined;
  readonly #tag: number;
  readonly #channel: DeliveryChannel;
  readonly #deferrals: Deferrals;
  #outcome: Promise<Settled> | undefined;
  #lost = false;
  #abort: AbortController | undefined;

  constructor(arrival: Arrival, queue: string, tag: number, channel: DeliveryChannel, deferrals: Deferrals) {
    this.message = arrival.message;
    this.queue = queue;
    this.exchange = arrival.exchange;
    this.routingKey = arrival.routingKey;
    this.redelivered = arrival.redelivered;
    this.deliveryCount = arrival.deliveryCount;
    this.malformed = arrival.malformed;
    this.#tag = tag;
    this.#channel = channel;
    this.#deferrals = deferrals;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** Made only when somebody asks: most tasks do not. */
  get lost(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#lost) this.#abort.abort();
    return this.#abort.signal;
  }

  ack(): Promise<Settled> {
    return (this.#outcome ??= answer(this.#channel.ack(this.#tag)));
  }

  async ackFirst(): Promise<Settled> {
    const settled = await this.ack();
    if (settled === 'settled') await this.#channel.written();
    return settled;
  }

  reject(): Promise<Settled> {
    return (this.#outcome ??= answer(this.#channel.nack(this.#tag, false)));
  }

  requeue(): Promise<Settled> {
    return (this.#outcome ??= answer(this.#channel.nack(this.#tag, true)));
  }

  defer(dueMs: number): Promise<Settled> {
    return (this.#outcome ??= this.#defer(dueMs));
  }

  lose(): void {
    this.#lost = true;
    this.#abort?.abort();
  }

  async #defer(dueMs: number): Promise<Settled> {
    if (this.#lost) return 'lost';
    try {
      return await this.#deferrals.put(this, dueMs, () => this.#channel.ack(this.#tag));
    } catch (error) {
      if (this.#lost) return 'lost';
      if (isUnanswered(error)) {
        this.#channel.nack(this.#tag, true);
        return 'lost';
      }
      // Still held: whoever asked decides what becomes of it.
      this.#outcome = undefined;
      throw error;
    }
  }
}

/** A delivery that was settled by being handed out. */
export class UnacknowledgedDelivery implements Delivery {
  readonly message: WireMessage;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly deliveryCount: number | undefined;
  readonly malformed: string | undefined;

  constructor(
    arrival: Arrival,
    readonly queue: string,
  ) {
    this.message = arrival.message;
    this.exchange = arrival.exchange;
    this.routingKey = arrival.routingKey;
    this.redelivered = arrival.redelivered;
    this.deliveryCount = arrival.deliveryCount;
    this.malformed = arrival.malformed;
  }

  get isLost(): boolean {
    return false;
  }

  /** Nobody else gets it. */
  get lost(): AbortSignal {
    return new AbortController().signal;
  }

  ack(): Promise<Settled> {
    return SETTLED;
  }

  reject(): Promise<Settled> {
    return SETTLED;
  }

  requeue(): Promise<Settled> {
    return SETTLED;
  }

  defer(): Promise<Settled> {
    return SETTLED;
  }
}

/** The connection that publishes was lost, or said nothing: the copy may wait already or not, so the original must stay. */
function isUnanswered(error: unknown): boolean {
  return error instanceof PublishError && error.mayHaveBeenDelivered && error.cause === undefined;
}

function answer(done: boolean): Promise<Settled> {
  return done ? SETTLED : LOST;
}
