import type { WireMessage } from '../message/wire-message.js';
import type { ScriptRunner } from '../redis/redis.script.js';
import type { ExchangeDeclaration, QueueDeclaration } from './topology.js';

/**
 * Moves messages between processes. Knows queues and exchanges; knows nothing of tasks, retries or results.
 *
 * Every driver promises, and `test/conformance/broker.conformance.ts` checks:
 * - A lost connection is the driver's business: it reconnects for ever with jittered backoff, declares again what was
 *   declared, and restores consumers. `consume` survives; `publish` waits for the connection until its deadline.
 * - Every call settles: nothing waits longer than its deadline.
 */
export interface Broker {
  /** Scheme of its URL, for messages to people: `memory`, `amqp`, `redis`. Nobody decides by it. */
  readonly transport: string;
  /** Where it is connected, without credentials. */
  readonly url: string;
  readonly supports: BrokerSupport;

  /**
   * Connects. Without it, the first call that needs a connection connects.
   * @throws BrokerUnavailableError after the first failed attempt if `failFast`, else keeps trying until closed
   */
  connect(options?: { readonly failFast?: boolean }): Promise<void>;

  /** True while the connection works. */
  readonly connected: boolean;

  /**
   * Makes the queue, its exchange and its bindings exist. Done once per connection and queue; cheap after that.
   * @throws TopologyConflictError, BrokerUnavailableError
   */
  declareQueue(queue: QueueDeclaration): Promise<void>;

  /**
   * Resolves once the broker has taken responsibility for the message (RabbitMQ: confirmed and routed).
   * @throws PublishError at the latest when the deadline has passed, saying whether it may have been delivered
   * @throws UnroutableError when no queue is bound there (not for fanout, where nobody listening is no error)
   */
  publish(target: PublishTarget, message: WireMessage, options?: PublishOptions): Promise<void>;

  /**
   * What `publish` would write, where messages are elements of Redis lists: for a script that writes more in the same
   * step. Makes the queue exist, and writes nothing. Undefined: the message would go elsewhere.
   * @throws UnroutableError, PublishError
   */
  postings?(
    target: PublishTarget,
    message: WireMessage,
    options?: PublishOptions,
  ): Promise<readonly ListElement[] | undefined>;

  /**
   * Starts handing out messages of these queues, in fair turn. Resolves when the consumers stand.
   * At most `prefetch` deliveries (per queue where `supports.prefetchPerQueue`) are handed out and unsettled at a time.
   * `onDelivery` is called synchronously and must not throw.
   */
  consume(queues: readonly QueueDeclaration[], options: ConsumeOptions): Promise<Subscription>;

  /** Removes every waiting message of the queue; the number removed, 0 for an unknown queue. Unsettled deliveries stay. */
  purge(queue: string): Promise<number>;

  /** Messages waiting in the queue, of every priority, without those handed out. 0 for an unknown queue. */
  size(queue: string): Promise<number>;

  /** `size`, and what else the broker knows of the queue, for people. Absent: nothing else. */
  measure?(queue: string): Promise<QueueMeasures>;

  /**
   * Names of the queues that are bound to the exchange, perhaps also of some whose owners have gone. Absent: nobody can see.
   * @throws BrokerUnavailableError
   */
  bound?(exchange: string): Promise<readonly string[]>;

  /**
   * Lets nothing more come into the queue by its exchange, until it is declared again; what waits in it stays. Absent: the
   * broker has no such step.
   * @throws BrokerUnavailableError, BrokerRefusedError
   */
  unbind?(queue: QueueDeclaration): Promise<void>;

  /**
   * Makes due now what was deferred under these marks (`Delivery.mark`), in this order; marks that nothing waits under are
   * no error. Undefined: what is deferred comes when it is due.
   * @throws BrokerUnavailableError
   */
  recall?(marks: readonly string[]): Promise<void>;

  /** Where its workers can keep what all of them share. Undefined: nowhere. */
  readonly common?: CommonGround | undefined;

  /**
   * Ends all subscriptions, gives every unsettled delivery back to its queue and lets go of the connections.
   * Waits for publishes under way, no longer than their deadlines. Safe to repeat.
   */
  close(): Promise<void>;
}

/** Something that every worker of a broker reaches. */
export type CommonGround =
  /** All of them are in this process: the same object for each. */
  | { readonly kind: 'process'; readonly place: object }
  | { readonly kind: 'redis'; readonly scripts: ScriptRunner };

/** Of one queue at one moment. Undefined: this broker cannot tell. */
export interface QueueMeasures {
  readonly ready: number;
  /** Handed out and not settled; approximate. */
  readonly unacked: number | undefined;
  readonly consumers: number | undefined;
  /** When the oldest of those that go next was sent, wall clock, epoch ms: of messages that say so. */
  readonly oldestSentMs: number | undefined;
}

/** What this broker does by itself. The rest the library does for it, or refuses at start with a sentence. */
export interface BrokerSupport {
  /** Which end of 0..9 is handed out first; RabbitMQ and memory heed it in queues with `x-max-priority` only. */
  readonly priority: 'low-first' | 'high-first';
  /** Steps in which `Delivery.defer` can wait: 1 ms or 1000 ms. */
  readonly deferResolutionMs: number;
  /** Heeds `PublishOptions.notBeforeMs`. */
  readonly holdsBack: boolean;
  /** True: `prefetch` counts per queue, false: over all queues of the subscription. */
  readonly prefetchPerQueue: boolean;
  /** Asks `ConsumeOptions.room` before it takes messages; false where the broker sends them unasked. */
  readonly heedsRoom: boolean;
  /** A rejected message goes to the queue's dead-letter exchange when its arguments name one. */
  readonly deadLetter: boolean;
  /** Reports how often a message was handed out (`Delivery.deliveryCount`). */
  readonly deliveryCount: boolean;
  /** As what Celery declares the exchange of its events on this broker. */
  readonly eventExchange: 'topic' | 'fanout';
}

export interface PublishTarget {
  /** `''` is the default exchange: the routing key is the queue's name. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Queue to declare before the first publish to it, so that the message is not lost. */
  readonly queue?: QueueDeclaration;
  /** Exchange to publish to, when it is known: its type decides how Redis delivers. */
  readonly exchangeDeclaration?: ExchangeDeclaration;
  /** Nobody listening is no error there, whatever the exchange's type: for events. */
  readonly mayGoUnheard?: boolean;
}

export interface PublishOptions {
  /** Until the publish must have settled, ms. Default: the broker's `publishTimeoutMs` (30 000). */
  readonly deadlineMs?: number;
  /**
   * Until when nobody needs the message, epoch ms. Where `supports.holdsBack` it stays inside the broker so long, less up to
   * a second, unless its queue is one that goes with its consumers; else it is handed out at once.
   */
  readonly notBeforeMs?: number | undefined;
}

/** A message on its way into a Redis list. */
export interface ListElement {
  readonly list: string;
  readonly text: string;
}

export interface ConsumeOptions {
  /** Deliveries handed out and unsettled at a time; 0: no limit. */
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery) => void;
  /**
   * How many may be handed out now, besides `prefetch`; asked before messages are taken, and again after `setPrefetch`,
   * where `supports.heedsRoom`. Default: any number.
   */
  readonly room?: () => number;
  /** True: messages are settled by being handed out (replies, events). */
  readonly noAck?: boolean;
  /**
   * The broker stopped a queue's consumer (queue deleted, refused declaration) and it cannot be restored now. The
   * other queues go on; the driver keeps trying to get this one back.
   */
  readonly onQueueLost?: (queue: string, reason: Error) => void;
}

export interface Subscription {
  /** Queues that it is to consume and does not at this moment. Undefined: never any. */
  readonly missing?: readonly string[];
  /** Takes effect for the next messages. */
  setPrefetch(prefetch: number): Promise<void>;
  /** Adds a queue to a running subscription. */
  addQueue(queue: QueueDeclaration): Promise<void>;
  removeQueue(queue: string): Promise<void>;
  /**
   * Looks at messages at the front of a queue that nobody has taken, and puts those away for which `when` gives a time, as
   * `Delivery.defer` does: many in one step. For floods of messages that cannot run yet. While most of those looked at are
   * put away, what came behind them and may run, or soon may, is brought to the front. Undefined: there is no such step.
   * @throws when the broker cannot be reached, or as `when`; messages are then where they were, or put away
   */
  sift?(queue: string, when: WhenToPutAway): Promise<Sifted>;
  /**
   * No `onDelivery` call starts after this resolves. What was handed out can still be settled. What the driver had
   * taken but not handed out goes back to the front of its queue. Safe to repeat. A broker that does not answer is not
   * waited for: what it sends all the same goes back.
   */
  cancel(): Promise<void>;
  /**
   * The broker has not answered `cancel`, up to now: what was settled lately may be handed out again. Undefined: it always
   * answers.
   */
  readonly unheard?: boolean;
}

/** Until when each message is to be put away (epoch ms); undefined: it stays. */
export type WhenToPutAway = (messages: readonly WireMessage[]) => Promise<readonly (number | undefined)[]>;

export interface Sifted {
  /** Messages looked at. */
  readonly looked: number;
  /** Those put away, with the marks that they can be recalled by. */
  readonly put: readonly { readonly message: WireMessage; readonly mark: string }[];
}

/**
 * A message handed to this process. Call exactly one of ack, reject, requeue, defer; later calls do nothing.
 * Each resolves to `lost` when the delivery is no longer ours to settle (its connection or lease is gone, and the
 * broker has or will hand it out again): nothing was done then. None of them rejects for a lost connection.
 */
export interface Delivery {
  readonly message: WireMessage;
  /** The queue it was taken from. */
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** It was handed out before and came back, other than by `defer`: it may have been begun. */
  readonly redelivered: boolean;
  /** Times handed out before this one and not deferred, where the broker counts (`supports.deliveryCount`), else undefined. */
  readonly deliveryCount: number | undefined;
  /** Set when the bytes were not even a message envelope; `message.body` then holds all of them. */
  readonly malformed: string | undefined;
  /** Aborts when the lease is lost while the task runs: another worker may run it too. */
  readonly lost: AbortSignal;
  /** Whether `lost` has aborted. Asked for every task, it makes no signal. */
  readonly isLost: boolean;

  /** Under which `defer` puts it away, for `Broker.recall`; undefined where there is no recall. Unlike any other's. */
  readonly mark?: string | undefined;

  ack(): Promise<Settled>;
  /**
   * Acknowledges a message that is run next: resolves once the acknowledgement is out of this process, whose death then
   * hands the message out to nobody. Where it is missing, `ack` promises that much.
   */
  ackFirst?(): Promise<Settled>;
  /** Dead-letters where the queue is set up so, else drops. */
  reject(): Promise<Settled>;
  /** Hands it out again, marked `redelivered`: from the back of the queue where there is a choice. */
  requeue(): Promise<Settled>;
  /** Puts it away inside the broker until `dueMs` (wall clock, epoch ms), then into its queue again. Never lost on the way. */
  defer(dueMs: number): Promise<Settled>;
}

export type Settled = 'settled' | 'lost';
