import type { Clock, Timer } from '../../runtime/clock.js';
import type { QueueDeclaration } from '../topology.js';
import { Deque } from '../../runtime/deque.js';
import { earliest } from '../../runtime/earliest.js';
import { readQueueArguments, type QueueArguments } from './queue-arguments.js';
import type { DeathReason, StoredMessage } from './stored-message.js';

/** Who takes messages from a queue. */
export interface QueueConsumer {
  /** False while it holds as many unsettled messages as it may. */
  readonly hasRoom: boolean;
  handOut(queue: MemoryQueue, stored: StoredMessage): void;
}

/** What a queue needs of the hub it stands in. */
export interface QueueHost {
  readonly clock: Clock;
  /** There may be something to hand out: call `handOutOne` soon, until it returns false. */
  wake(queue: MemoryQueue): void;
  /** The message left the queue unacknowledged. */
  bury(queue: MemoryQueue, stored: StoredMessage, reason: DeathReason): void;
  /** The queue's last consumer left, or nobody used it for `x-expires`. */
  unused(queue: MemoryQueue): void;
}

/**
 * Messages waiting in line, and the consumers they go to in turn.
 *
 * Messages expire as in RabbitMQ: when they have come to the front, also while nobody consumes. One that is behind a
 * message that lives longer keeps its place until then, but is never handed out late.
 */
export class MemoryQueue {
  readonly name: string;
  readonly arguments: QueueArguments;
  readonly #host: QueueHost;
  /** One line per priority, the index; a queue without priorities has one. */
  readonly #lines: readonly Deque<StoredMessage>[];
  #size = 0;
  readonly #consumers: QueueConsumer[] = [];
  #nextConsumer = 0;
  #expiryTimer: Timer | undefined;
  #expiryTimerMs = Infinity;
  #idleTimer: Timer | undefined;
  #removed = false;

  /** @throws InvalidOptionError for arguments that cannot be meant */
  constructor(
    readonly declaration: QueueDeclaration,
    /** For an exclusive queue: the connection it belongs to. */
    readonly owner: object | undefined,
    host: QueueHost,
  ) {
    this.name = declaration.name;
    this.arguments = readQueueArguments(declaration);
    this.#host = host;
    this.#lines = Array.from({ length: this.arguments.maxPriority + 1 }, () => new Deque<StoredMessage>());
    this.touch();
  }

  /** Messages waiting, without the expired ones at the front. */
  get size(): number {
    if (this.#size > 0) this.#dropExpired();
    return this.#size;
  }

  get consumers(): number {
    return this.#consumers.length;
  }

  /** When the oldest of those that go next was sent, one of each priority; undefined when none of them says so. */
  get oldestSentMs(): number | undefined {
    return earliest(this.#lines.map((line) => line.first?.message.properties.sentMs));
  }

  /** False when the queue is full and refuses more (`x-overflow: reject-publish`). */
  get accepts(): boolean {
    const { overflow, maxLength } = this.arguments;
    return overflow === 'drop-head' || this.#size < maxLength;
  }

  /** Takes a published message in, at the back. A full queue lets go of its front for it. */
  add(message: Omit<StoredMessage, 'expiresAtMs' | 'returns'>): void {
    const { expiration } = message.message.properties;
    const ttlMs = Math.min(
      this.arguments.messageTtlMs,
      expiration === undefined ? Infinity : lifetimeMs(expiration),
    );
    const expiresAtMs = ttlMs === Infinity ? Infinity : this.#host.clock.now() + ttlMs;
    this.putBack({ ...message, expiresAtMs, returns: 0 });
    while (this.#size > this.arguments.maxLength) this.#bury(this.#fullLine(), 'maxlen');
  }

  /** Takes a message in that was here before, at the back. */
  putBack(stored: StoredMessage): void {
    this.#enter(stored, (line) => line.push(stored));
  }

  /** Takes a message in that was here before, so that it goes next. */
  putFront(stored: StoredMessage): void {
    this.#enter(stored, (line) => line.pushFront(stored));
  }

  /** Gives the next message to the next consumer with room; false when there is no such message or consumer. */
  handOutOne(): boolean {
    if (this.size === 0) return false;
    const consumer = this.#consumerWithRoom();
    if (consumer === undefined) return false;
    consumer.handOut(this, this.#shift(this.#fullLine()));
    return true;
  }

  /** Of the line whose turn it is: messages as they stand, counted from the front. */
  among(from: number, to: number): StoredMessage[] {
    const line = this.#fullLine();
    const found: StoredMessage[] = [];
    for (let index = Math.max(0, from); index < Math.min(to, line.size); index += 1) {
      const stored = line.at(index);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  /** How many came into that line after this one; undefined: it is not there any more. */
  distance(stored: StoredMessage | undefined): number | undefined {
    const line = this.#fullLine();
    if (stored === undefined) return undefined;
    for (let index = line.size - 1; index >= 0; index -= 1)
      if (line.at(index) === stored) return line.size - 1 - index;
    return undefined;
  }

  /** Takes those out that are among the first of that line still. */
  takeOut(chosen: { has(stored: StoredMessage): boolean }, among: number): StoredMessage[] {
    const line = this.#fullLine();
    const first = Array.from({ length: Math.min(among, line.size) }, () => line.shift() as StoredMessage);
    for (const stored of first.toReversed()) if (!chosen.has(stored)) line.pushFront(stored);
    const taken = first.filter((stored) => chosen.has(stored));
    this.#size -= taken.length;
    return taken;
  }

  /** Brings those that are still in that line to the front of it, in their order, behind the first `ahead`; how many. */
  advance(chosen: ReadonlySet<StoredMessage>, ahead: number): number {
    const line = this.#fullLine();
    const last: StoredMessage[] = [];
    const moved: StoredMessage[] = [];
    while (moved.length < chosen.size && line.size > 0) {
      const stored = line.pop() as StoredMessage;
      (chosen.has(stored) ? moved : last).push(stored);
    }
    for (const stored of last.toReversed()) line.push(stored);
    const first = Array.from({ length: Math.min(ahead, line.size) }, () => line.shift() as StoredMessage);
    for (const stored of [...first, ...moved.toReversed()].toReversed()) line.pushFront(stored);
    return moved.length;
  }

  /** Drops what waits; how many that were. */
  purge(): number {
    const purged = this.size;
    for (const line of this.#lines) line.clear();
    this.#size = 0;
    return purged;
  }

  addConsumer(consumer: QueueConsumer): void {
    this.#idleTimer?.cancel();
    this.#consumers.push(consumer);
    this.#host.wake(this);
  }

  removeConsumer(consumer: QueueConsumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index === -1) return;
    this.#consumers.splice(index, 1);
    if (this.#consumers.length > 0) return;
    if (this.declaration.autoDelete) this.#host.unused(this);
    else this.touch();
  }

  /** Somebody declared it: its time to live unused (`x-expires`) begins anew. */
  touch(): void {
    this.#idleTimer?.cancel();
    if (this.arguments.expiresMs === Infinity || this.#consumers.length > 0 || this.#removed) return;
    this.#idleTimer = this.#host.clock.after(this.arguments.expiresMs, () => this.#host.unused(this));
  }

  /** The queue is no more: what waits is gone, and so is what comes back to it. */
  remove(): void {
    this.#removed = true;
    this.purge();
    this.#idleTimer?.cancel();
    this.#expiryTimer?.cancel();
  }

  #enter(stored: StoredMessage, place: (line: Deque<StoredMessage>) => void): void {
    if (this.#removed) return;
    place(this.#lineFor(stored.message.properties.priority));
    this.#size += 1;
    this.#expireIn(stored);
    if (this.#consumers.length > 0) this.#host.wake(this);
  }

  #lineFor(priority: number): Deque<StoredMessage> {
    const index = Math.min(this.arguments.maxPriority, Math.max(0, Math.trunc(priority)));
    return this.#lines[index] as Deque<StoredMessage>;
  }

  /** The line whose turn it is: of the highest priority that has a message. Only while there is one. */
  #fullLine(): Deque<StoredMessage> {
    let index = this.#lines.length - 1;
    while (index > 0 && this.#lines[index]?.size === 0) index -= 1;
    return this.#lines[index] as Deque<StoredMessage>;
  }

  #shift(line: Deque<StoredMessage>): StoredMessage {
    const stored = line.shift() as StoredMessage;
    this.#size -= 1;
    if (line.first !== undefined) this.#expireIn(line.first);
    return stored;
  }

  #bury(line: Deque<StoredMessage>, reason: DeathReason): void {
    this.#host.bury(this, this.#shift(line), reason);
  }

  #consumerWithRoom(): QueueConsumer | undefined {
    for (let asked = 0; asked < this.#consumers.length; asked += 1) {
      const consumer = this.#consumers[this.#nextConsumer % this.#consumers.length];
      this.#nextConsumer = (this.#nextConsumer + 1) % this.#consumers.length;
      if (consumer?.hasRoom === true) return consumer;
    }
    return undefined;
  }

  /** One timer for the whole queue, set to the earliest time known at which a front may expire. */
  #expireIn({ expiresAtMs }: StoredMessage): void {
    if (expiresAtMs >= this.#expiryTimerMs) return;
    this.#expiryTimer?.cancel();
    this.#expiryTimerMs = expiresAtMs;
    this.#expiryTimer = this.#host.clock.after(expiresAtMs - this.#host.clock.now(), () => {
      this.#expiryTimerMs = Infinity;
      this.#dropExpired();
      for (const line of this.#lines) if (line.first !== undefined) this.#expireIn(line.first);
    });
  }

  #dropExpired(): void {
    // Most queues hold nothing that expires: then no timer was ever set, and nobody needs to ask for the time.
    if (this.#expiryTimer === undefined) return;
    const nowMs = this.#host.clock.now();
    for (const line of this.#lines) {
      while (line.first !== undefined && line.first.expiresAtMs <= nowMs) this.#bury(line, 'expired');
    }
  }
}

/** Of an `expiration` property: whole ms as text. Other text from outside means nothing. */
function lifetimeMs(expiration: string): number {
  return /^\d{1,15}$/.test(expiration) ? Number(expiration) : Infinity;
}
