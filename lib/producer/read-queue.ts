import type { ExchangeDeclaration } from '../broker/topology.js';
import { InvalidOptionError } from '../errors.js';
import {
  bool,
  describe,
  duration,
  integer,
  list,
  oneOf,
  readOptions,
  type Field,
} from '../runtime/options.js';
import type { ExchangeOptions, ExchangeType, QueueOptions, QueueType } from './queue.options.js';

/** An entry of `taskQueues`, checked: what it leaves out is decided when the table is built. */
export interface QueueEntry {
  /** What callers and routes name it by; a broadcast queue itself has another name in each process. */
  readonly name: string;
  readonly exchange: ExchangeDeclaration | undefined;
  readonly routingKey: string | undefined;
  readonly bindings: readonly string[];
  readonly bindingArguments: Readonly<Record<string, unknown>>;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly queueType: QueueType | undefined;
  /** RabbitMQ's `x-…` words, but for the type. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly broadcast: boolean;
}

export const EXCHANGE_TYPES = ['direct', 'topic', 'fanout', 'headers'] as const;
export const QUEUE_TYPES = ['classic', 'quorum'] as const;

/** A queue, exchange or key name: AMQP's short string, and no control characters (Redis keys are made of them). */
export const amqpName: Field<string> = (value, path) => {
  if (typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 255 && !/\p{Cc}/u.test(value))
    return value;
  throw new InvalidOptionError(path, `expected a name of 1 to 255 bytes, got ${describe(value)}`);
};

/** `taskQueues`: names, or objects. */
export const queueEntries: Field<readonly QueueEntry[]> = (value, path) => {
  const entries = list(queueEntry)(value, path);
  const names = entries.map((entry) => entry.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return entries;
  throw new InvalidOptionError(path, `names the queue ${describe(twice)} twice`);
};

function queueEntry(value: unknown, path: string): QueueEntry {
  if (typeof value === 'string') return plainEntry(amqpName(value, path));
  const given = readOptions<QueueGiven>(path, value, QUEUE_FIELDS);
  const { name, routingKey, bindings, bindingArguments, durable, exclusive, autoDelete, broadcast } = given;
  const words = Object.freeze(queueArguments(given, path));
  const queueType = words['x-queue-type'] === 'quorum' ? 'quorum' : given.queueType;
  const exchange = exchangeOf(given);
  const entry: QueueEntry = {
    name,
    exchange,
    routingKey,
    bindings,
    bindingArguments,
    durable,
    exclusive,
    autoDelete,
    queueType,
    arguments: words,
    broadcast,
  };
  checkQuorum(entry, path);
  return Object.freeze(entry);
}

/** A bare name: queue, direct exchange and key all of that name, as Celery makes a missing queue. */
export function plainEntry(name: string, otherwise: Partial<QueueEntry> = {}): QueueEntry {
  return Object.freeze({
    name,
    exchange: directExchange(name),
    routingKey: name,
    bindings: [],
    bindingArguments: {},
    durable: true,
    exclusive: false,
    autoDelete: false,
    queueType: undefined,
    arguments: {},
    broadcast: false,
    ...otherwise,
  });
}

export function directExchange(name: string, type: ExchangeType = 'direct'): ExchangeDeclaration {
  return Object.freeze({ name, type, durable: true, autoDelete: false, arguments: {} });
}

type QueueGiven = Omit<QueueEntry, 'exchange' | 'arguments'> & {
  readonly exchange: ExchangeDeclaration | string | undefined;
  readonly exchangeType: ExchangeType | undefined;
  readonly maxPriority: number | undefined;
  readonly messageTtl: number | undefined;
  readonly expires: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxLengthBytes: number | undefined;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  readonly queueArguments: Readonly<Record<string, unknown>>;
};

const amqpTable: Field<Readonly<Record<string, unknown>>> = (value, path) => {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.freeze({ ...value });
  throw new InvalidOptionError(path, `expected an object, got ${describe(value)}`);
};

const optional =
  <T>(field: Field<T>): Field<T | undefined> =>
  (value, path) =>
    value === undefined ? undefined : field(value, path);

/** `''` is the default exchange. */
const exchangeName: Field<string> = (value, path) => (value === '' ? '' : amqpName(value, path));

const EXCHANGE_FIELDS: { readonly [K in keyof ExchangeOptions]-?: Field<ExchangeDeclaration[K]> } = {
  name: amqpName,
  type: oneOf(EXCHANGE_TYPES, 'direct'),
  durable: bool(true),
  autoDelete: bool(false),
  arguments: amqpTable,
};

const QUEUE_FIELDS: { readonly [K in keyof QueueOptions]-?: Field<QueueGiven[K]> } = {
  name: amqpName,
  exchange: (value, path) =>
    value === undefined || typeof value === 'string'
      ? optional(amqpName)(value, path)
      : readOptions<ExchangeDeclaration>(path, value, EXCHANGE_FIELDS),
  exchangeType: oneOf(EXCHANGE_TYPES, undefined),
  routingKey: optional(exchangeName),
  bindings: list(exchangeName),
  bindingArguments: amqpTable,
  durable: bool(true),
  exclusive: bool(false),
  autoDelete: bool(false),
  queueType: oneOf(QUEUE_TYPES, undefined),
  maxPriority: integer(undefined, 1, 255),
  messageTtl: duration(undefined),
  expires: duration(undefined),
  maxLength: integer(undefined),
  maxLengthBytes: integer(undefined),
  deadLetterExchange: optional(exchangeName),
  deadLetterRoutingKey: optional(exchangeName),
  queueArguments: amqpTable,
  broadcast: bool(false),
};

function exchangeOf({ exchange, exchangeType }: QueueGiven): ExchangeDeclaration | undefined {
  return typeof exchange === 'string' ? directExchange(exchange, exchangeType) : exchange;
}

function queueArguments(given: QueueGiven, path: string): Record<string, unknown> {
  const words: Readonly<Record<string, unknown>> = {
    'x-max-priority': given.maxPriority,
    'x-message-ttl': whole(given.messageTtl),
    'x-expires': whole(given.expires),
    'x-max-length': given.maxLength,
    'x-max-length-bytes': given.maxLengthBytes,
    'x-dead-letter-exchange': given.deadLetterExchange,
    'x-dead-letter-routing-key': given.deadLetterRoutingKey,
  };
  if (given.deadLetterRoutingKey !== undefined && given.deadLetterExchange === undefined) {
    throw new InvalidOptionError(
      `${path}.deadLetterRoutingKey`,
      `does nothing without deadLetterExchange. Set deadLetterExchange: '' for the default exchange.`,
    );
  }
  return {
    ...given.queueArguments,
    ...Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined)),
  };
}

function whole(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

/** RabbitMQ refuses these at the declaration; said here, it names the option. */
function checkQuorum(entry: QueueEntry, path: string): void {
  if (entry.queueType !== 'quorum') return;
  if (!entry.durable || entry.exclusive || entry.autoDelete || entry.broadcast) {
    throw new InvalidOptionError(
      path,
      'a quorum queue is durable, not exclusive and never deleted by itself',
    );
  }
  if (entry.arguments['x-max-priority'] !== undefined) {
    throw new InvalidOptionError(
      `${path}.maxPriority`,
      'is not for quorum queues. Use a classic queue for priorities.',
    );
  }
}
