import type { WireMessage } from '../../message/wire-message.js';
import type { Delivery, Settled } from '../broker.js';
import type { MemoryHub } from './memory.hub.js';
import type { MemoryQueue } from './memory.queue.js';
import type { StoredMessage } from './stored-message.js';

/** Answers are the same every time, so they are made once. */
const SETTLED = Promise.resolve<Settled>('settled');
const LOST = Promise.resolve<Settled>('lost');

export class MemoryDelivery implements Delivery {
  readonly message: WireMessage;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly malformed = undefined;
  readonly #stored: StoredMessage;
  readonly #source: MemoryQueue;
  readonly #hub: MemoryHub;
  /** Called once, when it is no longer held. */
  readonly #release: (delivery: MemoryDelivery) => void;
  #state: 'held' | Settled = 'held';
  #lost: AbortController | undefined;
  #mark: string | undefined;

  constructor(
    stored: StoredMessage,
    source: MemoryQueue,
    hub: MemoryHub,
    release: (delivery: MemoryDelivery) => void,
  ) {
    this.message = stored.message;
    this.queue = source.name;
    this.exchange = stored.exchange;
    this.routingKey = stored.routingKey;
    this.redelivered = stored.returns > 0;
    this.deliveryCount = stored.returns;
    this.#stored = stored;
    this.#source = source;
    this.#hub = hub;
    this.#release = release;
  }

  get isLost(): boolean {
    return this.#state === 'lost';
  }

  /** Made only when somebody asks: most tasks do not. */
  get lost(): AbortSignal {
    this.#lost ??= new AbortController();
    if (this.#state === 'lost') this.#lost.abort();
    return this.#lost.signal;
  }

  /** Made only when somebody asks, as few are recalled. */
  get mark(): string {
    return (this.#mark ??= this.#hub.newMark());
  }

  ack(): Promise<Settled> {
    this.#letGo('settled');
    return this.#answer();
  }

  reject(): Promise<Settled> {
    if (this.#letGo('settled')) this.#hub.bury(this.#source, this.#stored, 'rejected');
    return this.#answer();
  }

  requeue(): Promise<Settled> {
    if (this.#letGo('settled')) this.#source.putBack(this.#returned());
    return this.#answer();
  }

  /** It comes back as it was: not having been run, it does not count as handed out. */
  defer(dueMs: number): Promise<Settled> {
    if (this.#letGo('settled')) this.#hub.defer(this.queue, this.#stored, dueMs, this.#mark);
    return this.#answer();
  }

  /** The connection closes: the message goes to the front of its queue. */
  giveBack(): void {
    if (!this.#letGo('lost')) return;
    this.#source.putFront(this.#returned());
    this.#lost?.abort();
  }

  #letGo(state: Settled): boolean {
    if (this.#state !== 'held') return false;
    this.#state = state;
    this.#release(this);
    return true;
  }

  #answer(): Promise<Settled> {
    return this.#state === 'lost' ? LOST : SETTLED;
  }

  #returned(): StoredMessage {
    return { ...this.#stored, returns: this.#stored.returns + 1 };
  }
}
