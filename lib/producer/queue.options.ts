import type { Duration } from '../runtime/duration.js';

/** An exchange as users write it. */
export interface ExchangeOptions {
  name: string;
  /** Default `direct`. */
  type?: ExchangeType;
  /** Survives a restart of the broker. Default true. */
  durable?: boolean;
  /** Removed with its last binding. Default false. */
  autoDelete?: boolean;
  /** RabbitMQ's `x-…` words. */
  arguments?: Readonly<Record<string, unknown>>;
}

export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers';

export type QueueType = 'classic' | 'quorum';

/** A queue as users write it: one entry of `taskQueues`. */
export interface QueueOptions {
  name: string;
  /** Default: the default exchange of the app (`taskDefaultExchange`). */
  exchange?: string | ExchangeOptions;
  /** Type of an exchange given by its name. Default `direct`. */
  exchangeType?: ExchangeType;
  /** Key it is bound by, and that messages for it are sent with. Default: its name. */
  routingKey?: string;
  /** More keys it is bound by. */
  bindings?: readonly string[];
  /** Headers exchanges: what to match, with `x-match`: `all` or `any`. */
  bindingArguments?: Readonly<Record<string, unknown>>;
  /** Default true. */
  durable?: boolean;
  /** One connection only. Default false. */
  exclusive?: boolean;
  /** Removed with its last consumer. Default false. */
  autoDelete?: boolean;
  /** `quorum` keeps it on several RabbitMQ nodes. Default `classic`. */
  queueType?: QueueType;
  /** RabbitMQ: highest priority it sorts by, 1 to 255. Default: `taskQueueMaxPriority`. */
  maxPriority?: number;
  /** Messages older than this are dropped or dead-lettered. */
  messageTtl?: Duration;
  /** An unused queue is removed after this. */
  expires?: Duration;
  /** Most messages it holds. */
  maxLength?: number;
  /** Most bytes it holds. */
  maxLengthBytes?: number;
  /** Exchange that rejected and dropped messages go to; `''` is the default exchange. It is not declared for you. */
  deadLetterExchange?: string;
  /** Key they go there with; with the default exchange: the name of a queue. */
  deadLetterRoutingKey?: string;
  /** Any other `x-…` argument, as RabbitMQ names it. */
  queueArguments?: Readonly<Record<string, unknown>>;
  /** Every consumer gets its own queue, and each message reaches all of them. See `Broadcast()`. */
  broadcast?: boolean;
}

/** A queue whose messages reach every worker that consumes it. Celery's `Broadcast`. */
export function Broadcast(name: string): QueueOptions {
  return { name, broadcast: true };
}
