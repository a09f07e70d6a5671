import { InvalidOptionError } from '../errors.js';
import type { Duration } from '../runtime/duration.js';
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
} from '../runtime/options.js';
import { healthConfig, type HealthConfig, type HealthOptions } from './health/health.options.js';
import { filledHost, nodeName } from './node-name.js';
import { decided, namedPools, poolFields, type PoolConfig, type PoolOptions } from './pool/pool.options.js';

/** What becomes of a message that cannot be run. */
export type UnrunnablePolicy =
  /** Moved whole to `<queue>.quarantine`. */
  | 'quarantine'
  /** Dead-lettered where the queue is set up so, else dropped. Celery's way. */
  | 'discard'
  /** Handed out again after the wait: for workers of several versions on one queue. */
  | { readonly requeueAfter: Duration };

/** How a worker works. Everything optional. */
export interface WorkerOptions extends PoolOptions {
  /** Queues to consume. Default: all of `taskQueues`, else the default queue (`-Q`). */
  queues?: readonly string[];
  /** Queues to leave out (`-X`). */
  excludeQueues?: readonly string[];
  /** Messages taken from the broker ahead of work, for each of `concurrency`. 0: no limit. Default 4 (`worker_prefetch_multiplier`). */
  prefetchMultiplier?: number;
  /**
   * Take a message only when a slot is free for it: for tasks that take long, which others could run meanwhile. On
   * RabbitMQ, which sends messages unasked, this is a multiplier of 1, and tasks acknowledged before their run count no
   * more while they run: give long tasks `acksLate`. Default false (`worker_disable_prefetch`).
   */
  disablePrefetch?: boolean;
  /**
   * Gather the messages of batch tasks. False: each message is a batch of its own, at once; so in `CeleryTestingModule`.
   * Default true.
   */
  gatherBatches?: boolean;
  /** Further pools by name, for the tasks that name one: `@Task({ pool: 'cpu' })`. Default none. */
  pools?: Readonly<Record<string, PoolOptions>>;
  /**
   * Script that children of `threads` and `prefork` pools run: one that starts the same worker. Default: the script of this
   * process. It is run again, from its first line, in each child, up to where the worker starts.
   */
  childEntry?: string | URL;
  /** How long a child may take to get ready. Default 60 s (`worker_proc_alive_timeout`). */
  procAliveTimeout?: Duration;
  /** Node name. `%h` host name, `%n` its first part, `%d` its domain. Default `celery@%h` (`-n`). */
  hostname?: string;
  /**
   * How long a stopping worker waits for running tasks before it aborts their signals. Default 25 s, within the 30 s that
   * Kubernetes gives.
   */
  shutdownGrace?: Duration;
  /** The same for a soft stop: SIGQUIT, or a second SIGTERM or SIGINT. Default 0 s (`worker_soft_shutdown_timeout`). */
  softShutdownTimeout?: Duration;
  /** Stop warmly after so many tasks. Default never. */
  maxTasks?: number;
  /** How long tasks whose signal was aborted by a shutdown may take to end. Default 2 s. */
  abortGrace?: Duration;
  /** Hard limit on one run of tasks and calls without one of their own. Default none (`--time-limit`). */
  timeLimit?: Duration;
  /** Soft limit, likewise. Default none (`--soft-time-limit`). */
  softTimeLimit?: Duration;
  /**
   * Tasks due within this wait here; later ones wait in the broker. Default: the steps in which the broker can wait (1 s on
   * RabbitMQ, none elsewhere). At most half of the prefetch waits here, whatever this says.
   */
  etaHold?: Duration;
  /** For messages that name a task this worker does not have. Default `quarantine`. */
  onUnknownTask?: UnrunnablePolicy;
  /** For messages that are no task messages, or cannot be read. Default `quarantine`. */
  onMalformed?: UnrunnablePolicy;
  /**
   * Times a late-acknowledged task may be begun and end with the death of its worker, or of its pool's child, before it is
   * quarantined as one that kills workers. Starts are counted in Redis, the broker's or the result backend's; where there is
   * none, quorum queues count how often they hand a message out, innocent ones too. 0: no limit. Default 5, and without Redis
   * no limit.
   */
  maxDeliveries?: number;
  /** Store the task's name, arguments, worker, queue and retries with its result. Default false (`result_extended`). */
  resultExtended?: boolean;
  /** Between two looks at a chord's parts, where the result backend cannot count them. Default 1 s (`result_chord_retry_interval`). */
  resultChordRetryInterval?: Duration;
  /**
   * Arguments in log lines: `show` as `argsrepr` has them, `mask` to show how many and under which names, `omit`. Default
   * `omit`, as in Celery.
   */
  logArguments?: 'show' | 'mask' | 'omit';
  /**
   * Heed commands that are broadcast to workers, by `ControlClient` or Celery's `inspect` and `control`: all of them, none,
   * or those that are named (`['ping', 'stats', 'hello']`). Default true (`worker_enable_remote_control`).
   */
  remoteControl?: boolean | readonly string[];
  /** Hear other workers: who there is, and elections among them. Default true (`--without-gossip`). */
  gossip?: boolean;
  /**
   * File for what must outlive the worker: which tasks, workflows and stamps are revoked, and the clock of events. Read at the
   * start; written a moment after each change. `%h`, `%n` and `%d` as in `hostname`, for workers need one each. Default none:
   * what is revoked is asked of other workers (`worker_state_db`, `--statedb`).
   */
  stateDb?: string;
  /** Ask other workers at the start which tasks are revoked. Default true (`--without-mingle`). */
  mingle?: boolean;
  /**
   * Tell monitors about every task: received, started, succeeded … Default false; a monitor or `enable_events` turns it on
   * (`worker_send_task_events`, `-E`).
   */
  sendEvents?: boolean;
  /** Tell the arguments of tasks as JSON too, so that a monitor can send a task again. Default false. */
  eventArguments?: boolean;
  /** Between two heartbeats for monitors and other workers. Default 2 s; 0: none (`--heartbeat-interval`). */
  heartbeatInterval?: Duration;
  /** Return values in log lines. Default true, as in Celery. */
  logResults?: boolean;
  /**
   * Sends itself a probe message again and again, and tells over HTTP whether it is alive and ready. `{}`: without HTTP.
   * Default: none of it.
   */
  health?: HealthOptions;
}

/** Everything decided. Times in ms. */
export interface WorkerConfig extends PoolConfig {
  /** Undefined: all that are configured. */
  readonly queues: readonly string[] | undefined;
  readonly excludeQueues: readonly string[];
  /** 0: no limit. */
  readonly prefetchMultiplier: number;
  readonly disablePrefetch: boolean;
  readonly gatherBatches: boolean;
  readonly pools: ReadonlyMap<string, PoolConfig>;
  /** Undefined: the script of this process. */
  readonly childEntry: string | undefined;
  readonly procAliveTimeout: number;
  readonly hostname: string;
  readonly shutdownGrace: number;
  readonly softShutdownTimeout: number;
  /** 0: no limit. */
  readonly maxTasks: number;
  readonly abortGrace: number;
  readonly timeLimit: number | undefined;
  readonly softTimeLimit: number | undefined;
  /** Undefined: as the broker can. */
  readonly etaHold: number | undefined;
  readonly onUnknownTask: Unrunnable;
  readonly onMalformed: Unrunnable;
  /** 0: no limit. Undefined: as it is counted. */
  readonly maxDeliveries: number | undefined;
  readonly resultExtended: boolean;
  readonly resultChordRetryInterval: number;
  readonly logArguments: 'show' | 'mask' | 'omit';
  /** A list: these commands only. */
  readonly remoteControl: boolean | readonly string[];
  readonly gossip: boolean;
  readonly mingle: boolean;
  readonly stateDb: string | undefined;
  readonly logResults: boolean;
  readonly sendEvents: boolean;
  readonly eventArguments: boolean;
  /** 0: none. */
  readonly heartbeatInterval: number;
  /** Undefined: no probes. */
  readonly health: HealthConfig | undefined;
}

/** `UnrunnablePolicy`, read. */
export type Unrunnable =
  | { readonly kind: 'quarantine' }
  | { readonly kind: 'discard' }
  | { readonly kind: 'requeue'; readonly afterMs: number };

/** @throws InvalidOptionError for an unknown option or a bad value */
export function readWorkerOptions(options: WorkerOptions = {}, section = 'worker'): WorkerConfig {
  const config = decided(readOptions<WorkerConfig>(section, options, workerFields));
  if ((config.softTimeLimit ?? 0) > (config.timeLimit ?? Infinity)) {
    throw new InvalidOptionError(
      `${section}.softTimeLimit`,
      `${config.softTimeLimit} ms is longer than the hard limit of ${config.timeLimit} ms, so it would never pass. Make it shorter.`,
    );
  }
  return config;
}

const queueNames = list(text(''));
const commandNames = list(text(''));

/** Celery reads a limit of 0 as no limit. */
const limit: Field<number | undefined> = (value, path) => duration(undefined)(value, path) || undefined;

const someDuration: Field<number> = (value, path) => {
  const foundMs = duration(undefined)(value, path);
  if (foundMs !== undefined) return foundMs;
  throw new InvalidOptionError(path, "expected a duration such as '1m'");
};

const unrunnable: Field<Unrunnable> = (value, path) => {
  if (value === undefined || value === 'quarantine') return { kind: 'quarantine' };
  if (value === 'discard') return { kind: 'discard' };
  if (typeof value === 'object' && value !== null) {
    const { requeueAfter } = readOptions<{ readonly requeueAfter: number }>(path, value, {
      requeueAfter: someDuration,
    });
    return { kind: 'requeue', afterMs: requeueAfter };
  }
  throw new InvalidOptionError(
    path,
    `expected 'quarantine', 'discard' or { requeueAfter: '1m' }, got ${describe(value)}`,
  );
};

export const workerFields: { readonly [K in keyof WorkerConfig]-?: Field<WorkerConfig[K]> } = {
  queues: (value, path) => (value === undefined ? undefined : queueNames(value, path)),
  excludeQueues: queueNames,
  ...poolFields,
  prefetchMultiplier: integer(4, 0, 10_000),
  disablePrefetch: bool(false),
  gatherBatches: bool(true),
  pools: namedPools,
  childEntry: (value, path) => (value instanceof URL ? value.href : text(undefined)(value, path)),
  procAliveTimeout: duration(60_000),
  hostname: (value, path) => nodeName(text('celery@%h')(value, path), path),
  shutdownGrace: duration(25_000),
  softShutdownTimeout: duration(0),
  maxTasks: integer(0),
  abortGrace: duration(2_000),
  timeLimit: limit,
  softTimeLimit: limit,
  etaHold: duration(undefined),
  onUnknownTask: unrunnable,
  onMalformed: unrunnable,
  maxDeliveries: (value, path) => (value === undefined ? undefined : integer(0)(value, path)),
  resultExtended: bool(false),
  resultChordRetryInterval: duration(1_000),
  logArguments: oneOf(['show', 'mask', 'omit'], 'omit'),
  remoteControl: (value, path) =>
    Array.isArray(value) ? commandNames(value, path) : bool(true)(value, path),
  gossip: bool(true),
  mingle: bool(true),
  stateDb: (value, path) => filledHost(text(undefined)(value, path)),
  logResults: bool(true),
  sendEvents: bool(false),
  eventArguments: bool(false),
  heartbeatInterval: duration(2_000),
  health: healthConfig,
};
