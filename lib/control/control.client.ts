import { randomUUID } from 'node:crypto';
import type { Broker, Subscription } from '../broker/broker.js';
import { BrokerUnavailableError, InvalidOptionError } from '../errors.js';
import type { Content } from '../message/content.js';
import type { WireMessage } from '../message/wire-message.js';
import type { Clock } from '../runtime/clock.js';
import { withDeadline } from '../runtime/deadline.js';
import { durationMs, type Duration } from '../runtime/duration.js';
import { LamportClock } from '../runtime/lamport.clock.js';
import { isAddressed } from './addressed.js';
import { Census } from './census.js';
import { Collection } from './collection.js';
import { Fleet } from './fleet.js';
import { Inspect } from './inspect.js';
import { PausedQueues } from './paused-queues.js';
import { hostnameOf, PIDBOX_EXCHANGE, replyQueue } from './pidbox.js';
import { readReplies, type NodeReply } from './reply.js';
import { ALL, requestMessage, type Addressees, type ReplyWish } from './request.js';

/** Who is meant, and how long to wait for answers. */
export interface AskOptions {
  /** Node names. Default: every worker. */
  destination?: string | readonly string[];
  /** Node names that match; read as `matcher` says. Counts where no destination is given. */
  pattern?: string;
  /** `glob`, or `pcre` for a regular expression from the name's start. Default `glob`. */
  matcher?: 'glob' | 'pcre';
  /** So many replies are enough. Default: as many as there are destinations. */
  limit?: number;
  /** Without a new reply for so long, no more is waited for. Default 1 s, as in Celery. */
  timeout?: Duration;
  /**
   * Node names of workers that were there lately: once they have answered, others get only a moment more. Default: those
   * whose mailboxes the broker can see (Redis).
   */
  known?: readonly string[];
}

/** For so long others may answer than those that are known from before. */
const MOMENT_MS = 100;

export interface ControlClientDeps {
  readonly broker: Broker;
  readonly content: Content;
  readonly clock: Clock;
  /** Until the queue for replies must stand, ms. */
  readonly connectTimeoutMs: number;
}

/**
 * Asks and tells the workers of the fleet, Python's and ours. Answers come from whoever is there: a worker that is away or
 * busy longer than the timeout is missing from them.
 */
export class ControlClient {
  readonly #deps: ControlClientDeps;
  /** Of its own, as in Celery: events have another. */
  readonly #lamport = new LamportClock();
  readonly #key: string = randomUUID();
  readonly #census: Census;
  readonly #paused: PausedQueues;
  readonly #open = new Map<string, Collection>();
  #replies: Promise<Subscription> | undefined;

  constructor(deps: ControlClientDeps) {
    this.#deps = deps;
    this.#census = new Census(deps.clock);
    this.#paused = new PausedQueues(deps.broker, deps.clock);
  }

  /**
   * Sends a command and collects the replies: until every worker that is known has answered, or the timeout passes.
   * @param method Celery's name of the command, or one of the application's own
   * @throws InvalidOptionError, EncodeError, PublishError, BrokerUnavailableError
   */
  async ask<R = unknown>(
    method: string,
    args: Readonly<Record<string, unknown>> = {},
    options: AskOptions = {},
  ): Promise<NodeReply<R>[]> {
    const { clock } = this.#deps;
    const addressees = addresseesOf(options);
    const timeoutMs = durationMs(options.timeout ?? 1, 'control.timeout');
    const counted = this.#census.expected(addressees);
    const expected = counted ?? knownOf(options.known ?? (await this.#bound()), addressees);
    const quietMs = counted === undefined ? MOMENT_MS : 0;
    const limit = options.limit ?? (addressees.kind === 'named' ? addressees.hostnames.length : Infinity);
    await this.#hearReplies();
    const reply: ReplyWish = { ticket: randomUUID(), key: this.#key };
    const replies = await new Promise<readonly NodeReply[]>((resolve, reject) => {
      const end = (timedOut: boolean): void => {
        this.#open.delete(reply.ticket);
        collection.stop();
        if (timedOut && addressees.kind === 'all') this.#census.counted(collection.replies);
        resolve(collection.replies);
      };
      const collection = new Collection(clock, { timeoutMs, limit, expected, quietMs }, end);
      this.#open.set(reply.ticket, collection);
      this.#publish(method, args, addressees, reply, clock.now() + timeoutMs).then(
        () => collection.start(),
        (error: unknown) => {
          this.#open.delete(reply.ticket);
          collection.stop();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
    return [...replies] as NodeReply<R>[];
  }

  /** Sends a command that nobody answers. Resolves when the broker has it. @throws as `ask` */
  async tell(
    method: string,
    args: Readonly<Record<string, unknown>> = {},
    options: Pick<AskOptions, 'destination' | 'pattern' | 'matcher'> = {},
  ): Promise<void> {
    await this.#publish(method, args, addresseesOf(options), undefined, undefined);
  }

  /** Questions that change nothing. */
  inspect(options: AskOptions = {}): Inspect {
    return new Inspect((method, args) => this.ask(method, args, options));
  }

  /** Commands that change what workers do. */
  fleet(options: AskOptions = {}): Fleet {
    return new Fleet(
      (method, args) => this.ask(method, args, options),
      (method, args) => this.tell(method, args, options),
    );
  }

  /**
   * Has no worker consume the queue until `resumeQueue`, also none that starts later. What runs from it goes on. Workers of
   * Python are told to leave the queue; one of Python's that starts later consumes it.
   * @throws as `ask`
   */
  async pauseQueue(queue: string, options: AskOptions = {}): Promise<NodeReply<string>[]> {
    if (!(await this.#paused.isPaused(queue))) await this.#paused.mark(queue, []);
    const replies = await this.ask<string>('pause_queue', { queue }, options);
    const others = replies.filter(({ error }) => error !== undefined).map(({ hostname }) => hostname);
    const consuming = await this.#consumersOf(queue, others);
    if (consuming.length === 0) return replies;
    await this.#paused.mark(queue, consuming);
    const left = await this.ask<string>('cancel_consumer', { queue }, { ...options, destination: consuming });
    return [...replies.filter(({ hostname }) => !consuming.includes(hostname)), ...left];
  }

  /** Undoes `pauseQueue`. @throws as `ask` */
  async resumeQueue(queue: string, options: AskOptions = {}): Promise<NodeReply<string>[]> {
    const others = await this.#paused.clear(queue);
    const replies = await this.ask<string>('resume_queue', { queue }, options);
    if (others.length === 0) return replies;
    const back = await this.ask<string>('add_consumer', { queue }, { ...options, destination: others });
    return [...replies.filter(({ hostname }) => !others.includes(hostname)), ...back];
  }

  /** Whether `pauseQueue` holds for it. @throws BrokerUnavailableError */
  isQueuePaused(queue: string): Promise<boolean> {
    return this.#paused.isPaused(queue);
  }

  /** Workers whose mailboxes the broker can see: those that are there, and some that went without a word. */
  async #bound(): Promise<readonly string[]> {
    const queues = (await this.#deps.broker.bound?.(PIDBOX_EXCHANGE.name)) ?? [];
    return queues.flatMap((queue) => hostnameOf(queue) ?? []);
  }

  async #consumersOf(queue: string, hostnames: readonly string[]): Promise<string[]> {
    if (hostnames.length === 0) return [];
    const replies = await this.inspect({ destination: hostnames }).activeQueues();
    return replies
      .filter(({ value }) => value?.some(({ name }) => name === queue) === true)
      .map(({ hostname }) => hostname);
  }

  /** Lets go of the queue for replies; requests under way end with what came so far. Safe to repeat. */
  async close(): Promise<void> {
    const replies = await this.#replies?.catch(() => undefined);
    this.#replies = undefined;
    await replies?.cancel();
  }

  async #publish(
    method: string,
    args: Readonly<Record<string, unknown>>,
    addressees: Addressees,
    reply: ReplyWish | undefined,
    expiresMs: number | undefined,
  ): Promise<void> {
    const clock = this.#lamport.forward();
    const request = { method, arguments: args, addressees, reply };
    const message = requestMessage(request, this.#deps.content, { clock, expiresMs });
    const target = { exchange: PIDBOX_EXCHANGE.name, routingKey: '', exchangeDeclaration: PIDBOX_EXCHANGE };
    await this.#deps.broker.publish(target, message);
  }

  /** Once, and before the first request: a reply that finds no queue is lost. */
  async #hearReplies(): Promise<void> {
    const { broker, clock, connectTimeoutMs } = this.#deps;
    this.#replies ??= broker.consume([replyQueue(this.#key)], {
      prefetch: 0,
      noAck: true,
      onDelivery: ({ message }) => this.#hear(message),
    });
    const replies = this.#replies;
    replies.catch(() => (this.#replies = undefined));
    const late = (): Error => new BrokerUnavailableError(broker.url);
    await withDeadline(clock, connectTimeoutMs, replies, late);
  }

  #hear(message: WireMessage): void {
    const { ticket, clock } = message.headers;
    this.#lamport.adjust(clock);
    const collection = typeof ticket === 'string' ? this.#open.get(ticket) : undefined;
    // Too late, or not ours.
    if (collection === undefined) return;
    for (const reply of readReplies(message, this.#deps.content) ?? []) {
      this.#census.heard(reply.hostname);
      collection.add(reply);
    }
  }
}

function knownOf(known: readonly string[], addressees: Addressees): ReadonlySet<string> | undefined {
  const meant = known.filter((hostname) => isAddressed(hostname, addressees));
  return meant.length === 0 ? undefined : new Set(meant);
}

/** @throws InvalidOptionError */
function addresseesOf({ destination, pattern, matcher = 'glob' }: AskOptions): Addressees {
  const hostnames = typeof destination === 'string' ? [destination] : destination;
  if (hostnames !== undefined && hostnames.length > 0) return { kind: 'named', hostnames };
  if (pattern === undefined) return ALL;
  if (matcher === 'glob' || matcher === 'pcre') return { kind: 'matching', pattern, matcher };
  throw new InvalidOptionError('control.matcher', `expected glob or pcre, got ${JSON.stringify(matcher)}`);
}
