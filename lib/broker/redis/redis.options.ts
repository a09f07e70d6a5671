import { InvalidOptionError } from '../../errors.js';
import type { Duration } from '../../runtime/duration.js';
import {
  bool,
  describe,
  duration,
  integer,
  list,
  oneOf,
  readOptions,
  text,
  type Field,
} from '../../runtime/options.js';

/** Celery's `broker_transport_options` for Redis. Whatever names a key must be equal in every process, Python's too. */
export interface RedisTransportOptions {
  /** Put before every key and channel. For Redis Cluster it carries the hash tag: `'{celery}'`. Default `''`. */
  globalKeyprefix?: string;
  /**
   * After this long a message held by a Python worker is taken for lost and handed out again. Default 1 h, as in
   * Celery. Messages held by this library do not wait for it: see `leaseTimeout`.
   */
  visibilityTimeout?: Duration;
  /**
   * How long a message stays with a worker of this library that gives no sign of life. Renewed every third of it
   * while the worker lives, however long the task runs. Default 30 s, at least 1 s.
   */
  leaseTimeout?: Duration;
  /** Longest pause between two looks at the queues while they are empty. Default 100 ms. */
  pollingInterval?: Duration;
  /** Connections that wait for messages, one per queue; further queues are only polled. Default 4. */
  blockingConnections?: number;
  /** Between the parts of a priority list's name and of a binding. Default the bytes 06 16. */
  sep?: string;
  /** Lowest priorities of the lists of a queue, ascending from 0. Default `[0, 3, 6, 9]`. */
  prioritySteps?: readonly number[];
  /** Which queue is served first. Default `round_robin`. */
  queueOrderStrategy?: 'round_robin' | 'sorted' | 'priority';
  /** Default `unacked`. */
  unackedKey?: string;
  /** Default `unacked_index`. */
  unackedIndexKey?: string;
  /** Before the exchange in the name of a fanout channel; `{db}` is the database. `false`: nothing. Default `'/{db}.'`. */
  fanoutPrefix?: boolean | string;
  /** The routing key is part of a fanout channel's name. Default true. */
  fanoutPatterns?: boolean;
  /** Until Redis must have answered a command; then the connection is thrown away. Default 10 s. */
  socketTimeout?: Duration;
  /** Publishes that wait while Redis is away; one more is refused at once. Default 10 000. */
  maxWaitingPublishes?: number;
  /** Sentinel: name of the master. Needed with `sentinel://` URLs. */
  masterName?: string;
  /**
   * Sentinel: `username` and `password` for the Sentinels themselves; `tls: true` when they too are reached over TLS.
   * The master is reached over TLS when `brokerUseSsl` is set.
   */
  sentinelKwargs?: SentinelKwargs;
}

export interface SentinelKwargs {
  username?: string;
  password?: string;
  tls?: boolean;
}

/** The same, read: nothing optional, durations in ms. */
export interface RedisTransportConfig {
  readonly globalKeyprefix: string;
  readonly visibilityTimeout: number;
  readonly leaseTimeout: number;
  readonly pollingInterval: number;
  readonly blockingConnections: number;
  readonly sep: string;
  readonly prioritySteps: readonly number[];
  readonly queueOrderStrategy: 'round_robin' | 'sorted' | 'priority';
  readonly unackedKey: string;
  readonly unackedIndexKey: string;
  /** With `{db}` still in it. */
  readonly fanoutPrefix: string;
  readonly fanoutPatterns: boolean;
  readonly socketTimeout: number;
  readonly maxWaitingPublishes: number;
  readonly masterName: string | undefined;
  readonly sentinelKwargs: SentinelConfig;
}

export interface SentinelConfig {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

export function readRedisOptions(given: Readonly<Record<string, unknown>>): RedisTransportConfig {
  return readOptions<RedisTransportConfig>('brokerTransportOptions', given, {
    globalKeyprefix: (value, path) => (value === '' ? '' : text('')(value, path)),
    visibilityTimeout: atLeast(1_000, duration(3_600_000)),
    leaseTimeout: atLeast(1_000, duration(30_000)),
    pollingInterval: atLeast(1, duration(100)),
    blockingConnections: integer(4, 0, 64),
    sep: text('\x06\x16'),
    prioritySteps,
    queueOrderStrategy: oneOf(['round_robin', 'sorted', 'priority'], 'round_robin'),
    unackedKey: text('unacked'),
    unackedIndexKey: text('unacked_index'),
    fanoutPrefix,
    fanoutPatterns: bool(true),
    socketTimeout: atLeast(100, duration(10_000)),
    maxWaitingPublishes: integer(10_000, 1),
    masterName: text(undefined),
    sentinelKwargs: (value, path) =>
      readOptions<SentinelConfig>(path, value ?? {}, {
        username: text(undefined),
        password: text(undefined),
        tls: bool(false),
      }),
  });
}

const atLeast =
  (minMs: number, read: Field<number>): Field<number> =>
  (value, path) => {
    const found = read(value, path);
    if (found >= minMs) return found;
    throw new InvalidOptionError(path, `expected at least ${minMs} ms, got ${describe(value)}`);
  };

const prioritySteps: Field<readonly number[]> = (value, path) => {
  const steps = list(integer(0, 0, 9), [0, 3, 6, 9])(value, path);
  const ascending = steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? 0));
  if (steps[0] === 0 && ascending) return steps;
  throw new InvalidOptionError(
    path,
    `expected ascending numbers from 0 to 9 beginning with 0, got ${steps.join(', ')}`,
  );
};

const fanoutPrefix: Field<string> = (value, path) => {
  if (value === undefined || value === true) return '/{db}.';
  if (value === false) return '';
  const prefix = text('')(value, path);
  if (prefix.startsWith('/') && prefix.endsWith('.')) return prefix;
  throw new InvalidOptionError(path, `expected a text from "/" to ".", as "/{db}.", got ${describe(value)}`);
};
