import type { WireMessage } from '../../message/wire-message.js';
import type { Clock } from '../../runtime/clock.js';
import type { Delivery, Settled } from '../broker.js';
import type { Envelope } from './redis.envelope.js';

/** A message heard on a channel. Nobody else keeps it: settling it tells only this process. */
export class FanoutDelivery implements Delivery {
  readonly redelivered: boolean;
  readonly #read: () => Envelope;
  readonly #clock: Clock;
  readonly #done: (again: FanoutDelivery | undefined, afterMs: number) => void;
  #known: Envelope | undefined;
  #settled = false;
  #lost: AbortSignal | undefined;

  /**
   * @param read opens the envelope: not before somebody looks into it, so that broadcasts which nobody needs cost little
   * @param done called once; with a delivery to hand out again after so many ms
   */
  constructor(
    read: () => Envelope,
    readonly queue: string,
    readonly deliveryCount: number,
    clock: Clock,
    done: (again: FanoutDelivery | undefined, afterMs: number) => void,
  ) {
    this.redelivered = deliveryCount > 0;
    this.#read = read;
    this.#clock = clock;
    this.#done = done;
  }

  get message(): WireMessage {
    return this.#envelope.message;
  }

  get exchange(): string {
    return this.#envelope.exchange;
  }

  get routingKey(): string {
    return this.#envelope.routingKey;
  }

  get malformed(): string | undefined {
    return this.#envelope.malformed;
  }

  get #envelope(): Envelope {
    return (this.#known ??= this.#read());
  }

  get isLost(): boolean {
    return false;
  }

  /** Never aborts: there is no lease to lose. */
  get lost(): AbortSignal {
    return (this.#lost ??= new AbortController().signal);
  }

  ack(): Promise<Settled> {
    return this.#settle(undefined, 0);
  }

  reject(): Promise<Settled> {
    return this.#settle(undefined, 0);
  }

  requeue(): Promise<Settled> {
    return this.#settle(this.#again(this.deliveryCount + 1), 0);
  }

  /** Waits in this process and ends with it: a broadcast has no queue to wait in. */
  defer(dueMs: number): Promise<Settled> {
    return this.#settle(this.#again(this.deliveryCount), Math.max(0, dueMs - this.#clock.now()));
  }

  #again(deliveryCount: number): FanoutDelivery {
    return new FanoutDelivery(() => this.#envelope, this.queue, deliveryCount, this.#clock, this.#done);
  }

  #settle(again: FanoutDelivery | undefined, afterMs: number): Promise<Settled> {
    if (!this.#settled) {
      this.#settled = true;
      this.#done(again, afterMs);
    }
    return Promise.resolve('settled');
  }
}
