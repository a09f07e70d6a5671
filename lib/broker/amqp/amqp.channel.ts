import type { Channel } from 'amqplib';
import type { WireMessage } from '../../message/wire-message.js';
import { ChurnMap } from '../../runtime/churn.map.js';
import { withDeadline } from '../../runtime/deadline.js';
import type { Clock } from '../../runtime/clock.js';

/** What this needs of a delivery. */
export interface Held {
  readonly message: WireMessage;
  /** The message is no longer ours to settle. */
  lose(): void;
}

const CLOSE_LIMIT_MS = 2_000;

/**
 * One life of a channel on which messages were handed out. Delivery tags mean something on their own channel only, so
 * deliveries settle through it and are lost with it: a tag can never hit a message of a later channel.
 */
export class DeliveryChannel {
  readonly channel: Channel;
  /** Handed out or buffered and unsettled, by tag, in order. */
  readonly #held = new ChurnMap<number, Held>();
  readonly #onFree: () => void;
  /** Acknowledged in this turn and not written yet, in any order. */
  #acked: number[] = [];
  #flushing = false;
  #written: Promise<void> | undefined;
  #live = true;
  #closing: Promise<void> | undefined;
  #emptied: (() => void) | undefined;
  /** Resolves when it has ended and RabbitMQ has read all that was written to it, or never will. */
  readonly ended: Promise<void>;
  #ended: () => void = () => undefined;

  /** @param onFree called after each settlement */
  constructor(channel: Channel, onFree: () => void) {
    this.channel = channel;
    this.#onFree = onFree;
    this.ended = new Promise((resolve) => (this.#ended = resolve));
    channel.on('close', () => {
      this.#end();
      this.#ended();
    });
  }

  get live(): boolean {
    return this.#live;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Undefined: nothing is held. */
  get oldest(): Held | undefined {
    return this.#held.first?.[1];
  }

  hold(tag: number, delivery: Held): void {
    this.#held.set(tag, delivery);
  }

  /** Each returns false, having done nothing, once the channel has ended. */
  ack(tag: number): boolean {
    if (!this.#live) return false;
    this.#held.delete(tag);
    this.#acked.push(tag);
    if (!this.#flushing) {
      this.#flushing = true;
      process.nextTick(this.#flush);
    }
    this.#freed();
    return true;
  }

  /**
   * Resolves once the system has what was acknowledged until now. What is flushed here amqplib hands to its socket in the
   * turn after. While RabbitMQ reads nothing, a full socket keeps it longer, and nobody waits for that.
   */
  written(): Promise<void> {
    return (this.#written ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#written = undefined;
        setImmediate(resolve);
      });
    }));
  }

  nack(tag: number, requeue: boolean): boolean {
    if (!this.#live) return false;
    this.#held.delete(tag);
    this.#write(() => this.channel.nack(toMessage(tag), false, requeue));
    this.#freed();
    return true;
  }

  /** Closes the channel once nothing is held on it any more. */
  closeWhenEmpty(clock: Clock): void {
    if (this.#held.size === 0) void this.close(clock);
    else this.#emptied = () => void this.close(clock);
  }

  /**
   * What is still held goes back to its queue. The channel's own good-bye comes after all that was written to it; that of
   * the connection would overtake it.
   */
  close(clock: Clock): Promise<void> {
    return (this.#closing ??= this.#close(clock));
  }

  async #close(clock: Clock): Promise<void> {
    if (!this.#live) return;
    this.#flush();
    this.#end();
    const late = (): Error => new Error('no answer');
    try {
      // amqplib tells nobody that waits for the answer when the connection ends without one.
      await withDeadline(clock, CLOSE_LIMIT_MS, Promise.race([this.channel.close(), this.ended]), late);
    } catch {
      // The connection is going or gone, and the channel with it.
    }
    this.#ended();
  }

  /**
   * Acknowledgements of one turn leave before anything else can be read, in one frame as far as possible: up to the oldest
   * message that is still held they may be summed up.
   */
  readonly #flush = (): void => {
    this.#flushing = false;
    const acked = this.#acked;
    if (acked.length === 0) return;
    this.#acked = [];
    const [only] = acked;
    if (acked.length === 1 && only !== undefined) return this.#write(() => this.channel.ack(toMessage(only)));
    const oldestHeld = this.#held.first?.[0] ?? Number.POSITIVE_INFINITY;
    let upTo = 0;
    for (const tag of acked) if (tag < oldestHeld && tag > upTo) upTo = tag;
    this.#write(() => {
      if (upTo > 0) this.channel.ack(toMessage(upTo), true);
      for (const tag of acked) if (tag > upTo) this.channel.ack(toMessage(tag));
    });
  };

  /** amqplib throws on a channel that has just ended; its `close` event follows, and RabbitMQ hands out again. */
  #write(write: () => void): void {
    if (!this.#live) return;
    try {
      write();
    } catch {
      this.#end();
    }
  }

  #freed(): void {
    this.#onFree();
    if (this.#held.size === 0) this.#emptied?.();
  }

  #end(): void {
    if (!this.#live) return;
    this.#live = false;
    for (const delivery of this.#held.values()) delivery.lose();
    this.#held.clear();
  }
}

/** amqplib takes a whole message and looks at its tag only. */
function toMessage(deliveryTag: number) {
  return { fields: { deliveryTag } } as Parameters<Channel['ack']>[0];
}
