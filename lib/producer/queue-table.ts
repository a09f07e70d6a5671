import { randomUUID } from 'node:crypto';
import type { ExchangeDeclaration, QueueDeclaration } from '../broker/topology.js';
import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';
import { describe } from '../runtime/options.js';
import type { ProducerConfig } from './producer.options.js';
import type { QueueType } from './queue.options.js';
import { amqpName, directExchange, plainEntry, type QueueEntry } from './read-queue.js';

type QueueConfig = Pick<
  ProducerConfig,
  | 'taskQueues'
  | 'taskDefaultQueue'
  | 'taskDefaultQueueType'
  | 'taskDefaultExchange'
  | 'taskDefaultExchangeType'
  | 'taskDefaultRoutingKey'
  | 'taskQueueMaxPriority'
  | 'taskCreateMissingQueues'
  | 'taskCreateMissingQueueType'
  | 'taskCreateMissingQueueExchangeType'
>;

/** Names of queues that are not configured may come from the wire: more than these are made anew each time. */
const MOST_KEPT = 10_000;

/** The queues of an app, by the name callers use. Made once from the options; a missing queue is made when it is first named. */
export class QueueTable {
  readonly #config: QueueConfig;
  readonly #configured = new Map<string, QueueDeclaration>();
  readonly #made = new Map<string, QueueDeclaration>();
  readonly #exchanges = new Map<string, ExchangeDeclaration>();

  constructor(config: QueueConfig) {
    this.#config = config;
    for (const entry of config.taskQueues) this.#configured.set(entry.name, declaration(entry, config));
    // Celery: the default queue stands on the default exchange only where no queues are configured.
    if (config.taskQueues.length === 0) this.#configured.set(config.taskDefaultQueue, defaultQueue(config));
    for (const { exchange } of this.#configured.values()) {
      if (exchange !== undefined && !this.#exchanges.has(exchange.name))
        this.#exchanges.set(exchange.name, exchange);
    }
  }

  /** Where calls go that name no queue, and that no route claims. */
  get defaultQueue(): QueueDeclaration {
    return this.get(this.#config.taskDefaultQueue);
  }

  /** Key of messages whose queue has none. */
  get defaultRoutingKey(): string {
    return this.#config.taskDefaultRoutingKey ?? this.#config.taskDefaultQueue;
  }

  /**
   * The queue of that name, made if need be.
   * @throws InvalidOptionError when it is not in `taskQueues` and `taskCreateMissingQueues` is false
   */
  get(name: string): QueueDeclaration {
    return this.#configured.get(name) ?? this.#made.get(name) ?? this.#make(name);
  }

  /** A configured exchange; undefined for one that nobody here declares. */
  exchange(name: string): ExchangeDeclaration | undefined {
    return this.#exchanges.get(name);
  }

  /**
   * What a worker consumes: the queues it names, else all configured ones.
   * @param names as in `queues: ['mail', 'slow']`
   */
  select(names: readonly string[] | undefined): readonly QueueDeclaration[] {
    if (names === undefined || names.length === 0) return [...this.#configured.values()];
    return [...new Set(names)].map((name) => this.get(name));
  }

  #make(name: string): QueueDeclaration {
    const config = this.#config;
    if (!config.taskCreateMissingQueues) throw this.#missing(name);
    const exchange = directExchange(amqpName(name, 'queue'), config.taskCreateMissingQueueExchangeType);
    const queue = declaration(
      plainEntry(name, { exchange, queueType: config.taskCreateMissingQueueType }),
      config,
    );
    if (this.#made.size < MOST_KEPT) this.#made.set(name, queue);
    return queue;
  }

  #missing(name: string): InvalidOptionError {
    const meant = nearest(name.slice(0, 255), this.#configured.keys());
    const hint =
      meant === undefined
        ? `Known: ${[...this.#configured.keys()].join(', ')}.`
        : `Did you mean ${describe(meant)}?`;
    return new InvalidOptionError(
      'queue',
      `${describe(name)} is missing from taskQueues. ${hint} Add it there, or set taskCreateMissingQueues: true.`,
    );
  }
}

function defaultQueue(config: QueueConfig): QueueDeclaration {
  const { taskDefaultQueue, taskDefaultRoutingKey, taskDefaultQueueType } = config;
  const entry = plainEntry(taskDefaultQueue, {
    exchange: undefined,
    routingKey: taskDefaultRoutingKey ?? taskDefaultQueue,
    queueType: taskDefaultQueueType,
  });
  return declaration(entry, config);
}

/** A broadcast queue belongs to one process and dies with its consumer; its exchange is what the processes share. */
function declaration({ queueType, broadcast, ...entry }: QueueEntry, config: QueueConfig): QueueDeclaration {
  const { taskDefaultQueue, taskDefaultRoutingKey } = config;
  const fallback = broadcast ? directExchange(entry.name, 'fanout') : defaultExchange(config);
  return Object.freeze({
    ...entry,
    name: broadcast ? `bcast.${randomUUID()}` : entry.name,
    exchange: entry.exchange ?? fallback,
    routingKey: entry.routingKey ?? (broadcast ? (taskDefaultRoutingKey ?? taskDefaultQueue) : entry.name),
    autoDelete: entry.autoDelete || broadcast,
    arguments: Object.freeze(argumentsOf(entry.arguments, queueType, config.taskQueueMaxPriority)),
    consumerOnly: broadcast,
  });
}

function defaultExchange(config: QueueConfig): ExchangeDeclaration {
  return directExchange(
    config.taskDefaultExchange ?? config.taskDefaultQueue,
    config.taskDefaultExchangeType,
  );
}

/** A quorum queue has no priorities of its own: RabbitMQ would refuse the argument. */
function argumentsOf(
  own: Readonly<Record<string, unknown>>,
  queueType: QueueType | undefined,
  maxPriority: number | undefined,
): Record<string, unknown> {
  if (queueType === 'quorum') return { ...own, 'x-queue-type': 'quorum' };
  return maxPriority === undefined ? { ...own } : { 'x-max-priority': maxPriority, ...own };
}
