import type { WireMessage } from '../../message/wire-message.js';
import type { Delivery, Settled } from '../broker.js';
import type { Envelope } from './redis.envelope.js';
import type { Held } from './redis.leases.js';
import type { Settlement } from './redis.settlements.js';

/** A message taken from a list and held under a lease. */
export class RedisDelivery implements Delivery {
  readonly message: WireMessage;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly malformed: string | undefined;
  readonly #held: Held;
  readonly #settle: (settlement: Settlement) => Promise<Settled>;
  #settled: Promise<Settled> | undefined;

  constructor(
    envelope: Envelope,
    readonly queue: string,
    held: Held,
    /** Called once. */
    settle: (settlement: Settlement) => Promise<Settled>,
  ) {
    this.message = envelope.message;
    this.exchange = envelope.exchange;
    this.routingKey = envelope.malformed === undefined ? envelope.routingKey : queue;
    this.redelivered = envelope.redelivered;
    // A return by a Python worker is marked but not counted.
    this.deliveryCount = Math.max(envelope.returns, envelope.redelivered ? 1 : 0);
    this.malformed = envelope.malformed;
    this.#held = held;
    this.#settle = settle;
  }

  get lost(): AbortSignal {
    return this.#held.lostSignal;
  }

  get isLost(): boolean {
    return this.#held.lost;
  }

  get mark(): string {
    return this.#held.tag;
  }

  ack(): Promise<Settled> {
    return (this.#settled ??= this.#settle({ kind: 'ack', held: this.#held }));
  }

  /** Redis knows no dead-letter exchanges: the message is dropped. */
  reject(): Promise<Settled> {
    return this.ack();
  }

  requeue(): Promise<Settled> {
    return (this.#settled ??= this.#settle({ kind: 'requeue', held: this.#held }));
  }

  defer(dueMs: number): Promise<Settled> {
    return (this.#settled ??= this.#settle({ kind: 'defer', held: this.#held, dueMs }));
  }
}
