import { isDeepStrictEqual } from 'node:util';
import { TopologyConflictError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import type { Clock } from '../../runtime/clock.js';
import type { ExchangeDeclaration, QueueDeclaration } from '../topology.js';
import { Agenda } from './agenda.js';
import { deadLetter } from './dead-letter.js';
import { Dispatcher } from './dispatcher.js';
import { MemoryExchange } from './memory.exchange.js';
import { MemoryQueue, type QueueHost } from './memory.queue.js';
import type { DeathReason, StoredMessage } from './stored-message.js';

/** A message put away until it is due; its queue is looked up by name then, since it may be another by that time. */
interface Deferred {
  readonly queue: string;
  readonly stored: StoredMessage;
  readonly mark: string | undefined;
}

/** Where `publish` got the message to: queues reached, no queue bound there, or a queue that is full and refuses more. */
export type Routed = 'routed' | 'unroutable' | 'full';

/** What stands on a broker's server elsewhere: exchanges, queues and the messages in them. Memory brokers connect to it. */
export class MemoryHub implements QueueHost {
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #exchanges = new Map<string, MemoryExchange>();
  readonly #dispatcher = new Dispatcher();
  readonly #deferred: Agenda<Deferred>;
  /** Of those deferred, the ones that may be recalled. */
  readonly #marked = new Map<string, Deferred>();
  /** Recalled, with their time still to come. */
  readonly #recalled = new Set<Deferred>();
  #marks = 0;

  constructor(readonly clock: Clock) {
    this.#deferred = new Agenda(clock, (deferred) => {
      if (this.#recalled.delete(deferred)) return;
      if (deferred.mark !== undefined) this.#marked.delete(deferred.mark);
      this.#queues.get(deferred.queue)?.putBack(deferred.stored);
    });
  }

  /** True when no message is waiting anywhere, neither in a queue nor for its time. */
  get empty(): boolean {
    return (
      this.#deferred.size === this.#recalled.size &&
      [...this.#queues.values()].every((queue) => queue.size === 0)
    );
  }

  queue(name: string): MemoryQueue | undefined {
    return this.#queues.get(name);
  }

  /** @throws TopologyConflictError when it exists and differs */
  declareExchange(declaration: ExchangeDeclaration): MemoryExchange {
    const existing = this.#exchanges.get(declaration.name);
    if (existing !== undefined) {
      refuseDifference('Exchange', existing.declaration, declaration, EXCHANGE_TRAITS);
      return existing;
    }
    const exchange = new MemoryExchange(declaration);
    this.#exchanges.set(declaration.name, exchange);
    return exchange;
  }

  /**
   * The queue of that name, made and bound if need be.
   * @param owner the connection that asks: an exclusive queue is its alone
   * @throws TopologyConflictError when it exists and differs, InvalidOptionError
   */
  declareQueue(declaration: QueueDeclaration, owner: object): MemoryQueue {
    const existing = this.#queues.get(declaration.name);
    if (existing?.declaration === declaration && (existing.owner ?? owner) === owner) return existing;
    const queue = existing ?? new MemoryQueue(declaration, declaration.exclusive ? owner : undefined, this);
    if ((queue.owner ?? owner) !== owner) {
      throw new TopologyConflictError(named('Queue', queue.name), 'it is exclusive to another connection');
    }
    refuseDifference('Queue', queue.declaration, declaration, QUEUE_TRAITS);
    this.#bind(queue, declaration);
    this.#queues.set(queue.name, queue);
    queue.touch();
    return queue;
  }

  /** Puts the message into every queue its address leads to; into none if one of them refuses it. */
  publish(exchange: string, routingKey: string, message: WireMessage): Routed {
    const target = { message, exchange, routingKey };
    if (exchange === '') {
      const queue = this.#queues.get(routingKey);
      if (queue === undefined) return 'unroutable';
      if (!queue.accepts) return 'full';
      queue.add(target);
      return 'routed';
    }
    const found = this.#exchanges.get(exchange);
    const queues = found?.route(routingKey, message.headers) ?? new Set();
    if (queues.size === 0) return found?.declaration.type === 'fanout' ? 'routed' : 'unroutable';
    if ([...queues].some((queue) => !queue.accepts)) return 'full';
    for (const queue of queues) queue.add(target);
    return 'routed';
  }

  /** Unlike any other of this hub. */
  newMark(): string {
    this.#marks += 1;
    return String(this.#marks);
  }

  /** @param mark undefined: it will not be recalled */
  defer(queue: string, stored: StoredMessage, dueMs: number, mark: string | undefined): void {
    const deferred = {
      queue,
      stored: stored.recalled === true ? { ...stored, recalled: false } : stored,
      mark,
    };
    if (mark !== undefined) this.#marked.set(mark, deferred);
    this.#deferred.note(dueMs, deferred);
  }

  /** To the front of their queues, the first foremost. */
  recall(marks: readonly string[]): void {
    for (const mark of marks.toReversed()) {
      const deferred = this.#marked.get(mark);
      if (deferred === undefined) continue;
      this.#marked.delete(mark);
      this.#recalled.add(deferred);
      this.#queues.get(deferred.queue)?.putFront({ ...deferred.stored, recalled: true });
    }
  }

  /** The connection `owner` has gone: its exclusive queues go too. */
  release(owner: object): void {
    for (const queue of this.#queues.values()) if (queue.owner === owner) this.unused(queue);
  }

  /** Nobody will connect any more. */
  close(): void {
    for (const queue of this.#queues.values()) queue.remove();
    this.#queues.clear();
    this.#exchanges.clear();
    this.#deferred.clear();
    this.#marked.clear();
    this.#recalled.clear();
  }

  wake(queue: MemoryQueue): void {
    this.#dispatcher.wake(queue);
  }

  bury(queue: MemoryQueue, stored: StoredMessage, reason: DeathReason): void {
    const { deadLetterExchange, deadLetterRoutingKey } = queue.arguments;
    if (deadLetterExchange === undefined) return;
    const message = deadLetter(stored, queue.name, reason);
    if (message === undefined) return;
    this.publish(deadLetterExchange, deadLetterRoutingKey ?? stored.routingKey, message);
  }

  unused(queue: MemoryQueue): void {
    queue.remove();
    this.#queues.delete(queue.name);
    for (const [name, exchange] of this.#exchanges) {
      const wasUsed = !exchange.unused;
      exchange.unbind(queue);
      if (wasUsed && exchange.unused && exchange.declaration.autoDelete) this.#exchanges.delete(name);
    }
  }

  #bind(queue: MemoryQueue, declaration: QueueDeclaration): void {
    if (declaration.exchange === undefined || declaration.exchange.name === '') return;
    const exchange = this.declareExchange(declaration.exchange);
    for (const key of [declaration.routingKey, ...declaration.bindings]) {
      exchange.bind(queue, key, declaration.bindingArguments);
    }
  }
}

const EXCHANGE_TRAITS = ['type', 'durable', 'autoDelete', 'arguments'] as const;
const QUEUE_TRAITS = ['durable', 'exclusive', 'autoDelete', 'arguments'] as const;

function refuseDifference<T extends { readonly name: string }>(
  kind: 'Queue' | 'Exchange',
  existing: T,
  wanted: T,
  traits: readonly (keyof T & string)[],
): void {
  const different = traits.find((trait) => !isDeepStrictEqual(existing[trait], wanted[trait]));
  if (different === undefined) return;
  throw new TopologyConflictError(
    named(kind, wanted.name),
    `${different} is ${JSON.stringify(existing[different])}, asked for was ${JSON.stringify(wanted[different])}`,
  );
}

function named(kind: 'Queue' | 'Exchange', name: string): string {
  return `${kind} ${JSON.stringify(name)}`;
}
