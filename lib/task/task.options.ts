import type { Duration } from '../runtime/duration.js';
import type { BatchConfig, BatchOptions } from './batch.options.js';
import type {
  ClusterRateLimitOptions,
  ConcurrencyLimit,
  ConcurrencyLimitOptions,
  Rate,
  RateLimit,
} from './limit.options.js';

/** A class of errors, as in `autoretryFor: [SmtpBusy]`. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Celery's two ways to call an error callback. */
export type ErrbackStyle = 'id' | 'request';

/**
 * What `@Task()` takes: Celery's task attributes in camelCase. Numbers of time are seconds, as in Celery; strings carry
 * their unit. What is left out comes from `@Tasks()`, then from the module's `task…` options, then from the default.
 */
export interface TaskOptions {
  /** Registered name. Default: `ClassName.method`, or `prefix.method` with `@Tasks({ prefix })`. */
  name?: string;
  /** Queue it is sent to. Default: by `taskRoutes`, else `taskDefaultQueue`. */
  queue?: string;
  exchange?: string;
  routingKey?: string;
  /** 0 to 9. RabbitMQ: 9 first, and up to 255 (the queue needs `maxPriority`). Redis: 0 first. Default 0. */
  priority?: number;
  /** Acknowledge after the run instead of just before it: a killed worker's task runs again. Default false (`task_acks_late`). */
  acksLate?: boolean;
  /** With `acksLate`: acknowledge a failed or timed-out task (true) or dead-letter it (false). Default true. */
  acksOnFailureOrTimeout?: boolean;
  /** With `acksLate`: hand the task out again when the process that ran it died. Default false (`task_reject_on_worker_lost`). */
  rejectOnWorkerLost?: boolean;
  /** Errors that retry the task by themselves. */
  autoretryFor?: readonly ErrorClass[];
  /** Exceptions to `autoretryFor`. */
  dontAutoretryFor?: readonly ErrorClass[];
  /** Retries after the first attempt; `null`: for ever. Default 3. */
  maxRetries?: number | null;
  /** Wait before a retry that does not say otherwise. Default 180 s (`default_retry_delay`). */
  defaultRetryDelay?: Duration;
  /** Exponential wait for automatic retries: `true` is 1 s, 2 s, 4 s …; a number of seconds is the first wait. Default false. */
  retryBackoff?: boolean | number;
  /** Longest wait of `retryBackoff`. Default 600 s. */
  retryBackoffMax?: Duration;
  /** Draw each automatic wait at random between 0 and its full length. Default true. */
  retryJitter?: boolean;
  /** Name of the worker's pool that runs it (its option `pools`). Default: the worker's own; so too where it has none of the name. */
  pool?: string;
  /**
   * How often it may start. A rate (`'10/s'`, `'100/m'`, `'5/h'`, a number per second) counts in each worker by itself, as
   * in Celery; `{ max, per, key }` counts over all workers, and for each key by itself. Tasks over their limit hold no slot
   * and keep no others from running. Default: `taskDefaultRateLimit`, none (`rate_limit`).
   */
  rateLimit?: Rate | ClusterRateLimitOptions;
  /**
   * How many may run at a time, over all workers and for each key by itself: `{ max: 2, key: 'tenantId' }`. Those over it
   * wait outside the queue, in the order of their coming. Default no limit.
   */
  concurrency?: ConcurrencyLimitOptions;
  /**
   * Gathers messages in the worker and gives many of them to one call of the method, which takes a `Batch` instead of the
   * arguments of one call: `{ size: 100, wait: '2s' }`. Each message keeps its own id, retries, acknowledgement and result.
   * With `params`, the arguments of each message are checked and put in that order; without, they are as they came. Default:
   * each message is a call of its own (`celery-batches`' `flush_every` and `flush_interval`).
   */
  batch?: BatchOptions;
  /** Hard limit on one run. Default: the worker's `taskTimeLimit`. */
  timeLimit?: Duration;
  /** Aborts `task.signal` with `SoftTimeLimitExceeded`. Default: the worker's `taskSoftTimeLimit`. */
  softTimeLimit?: Duration;
  /** Store no result. Default: `taskIgnoreResult`, false. */
  ignoreResult?: boolean;
  /** Store failures although results are ignored. Default: `taskStoreErrorsEvenIfIgnored`, false. */
  storeErrorsEvenIfIgnored?: boolean;
  /** Store STARTED when a run begins. Default: `taskTrackStarted`, false. */
  trackStarted?: boolean;
  /**
   * How it is called as a `linkError`: `id`, sent as a message with the failed task's id in front of its arguments; or
   * `request`, run at once by the worker that saw the failure, with the failed request, the error and the traceback
   * (Celery's newer style). Default `id`.
   */
  errback?: ErrbackStyle;
  /** Send task events. Default true. */
  sendEvents?: boolean;
  /** Calls expire after this. Default never. */
  expires?: Duration;
  /** Serializer of its calls: `json`, `msgpack`, `yaml`. Default: `taskSerializer`. */
  serializer?: string;
  /** Compression of its calls: `gzip`, `bzip2`, `brotli`, `zstd`. Default: `taskCompression`, none. */
  compression?: string;
  /** Errors that are a normal answer: logged without stack, at info level. */
  throws?: readonly ErrorClass[];
  /**
   * Check the number of arguments before publishing. A parameter may be left out when it has a default; TypeScript's
   * `name?` cannot be seen in the code that runs: write `name = undefined` or `params: ['name?']`. Default true.
   */
  typing?: boolean;
  /** The first parameter is the `TaskContext`, when its type cannot say so (plain JavaScript, interfaces). Default false. */
  bind?: boolean;
  /**
   * Names of the arguments, for keyword arguments, when the source is minified. Without the `TaskContext`. `name?` may be
   * left out by callers, `...name` takes all the rest.
   */
  params?: readonly string[];
  /** Log this instead of the arguments, and send it as `argsrepr`: `true` for `…`, or a function of the arguments. */
  argsrepr?: true | ((args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => string);
}

/** `@Tasks()`: defaults for every task of a class. */
export interface TasksOptions extends Omit<TaskOptions, 'name' | 'bind' | 'params' | 'batch'> {
  /** Names become `prefix.method`. */
  prefix?: string;
}

/** What the code reads: everything decided, times in ms. Made once by `readTaskOptions`. */
export interface TaskConfig {
  readonly queue: string | undefined;
  readonly exchange: string | undefined;
  readonly routingKey: string | undefined;
  readonly priority: number | undefined;
  readonly acksLate: boolean;
  readonly acksOnFailureOrTimeout: boolean;
  readonly rejectOnWorkerLost: boolean;
  readonly pool: string | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly concurrency: ConcurrencyLimit | undefined;
  readonly batch: BatchConfig | undefined;
  readonly autoretryFor: readonly ErrorClass[];
  readonly dontAutoretryFor: readonly ErrorClass[];
  readonly maxRetries: number | null;
  readonly defaultRetryDelayMs: number;
  /** First wait of the exponential backoff, seconds; undefined: no backoff. Celery truncates it to a whole number ≥ 1. */
  readonly retryBackoffSeconds: number | undefined;
  readonly retryBackoffMaxMs: number;
  readonly retryJitter: boolean;
  /** The task's own, else `taskTimeLimit`. */
  readonly timeLimitMs: number | undefined;
  readonly softTimeLimitMs: number | undefined;
  /** The task's own only: what its calls carry in their message, where it wins over the worker's setting. */
  readonly ownTimeLimitMs: number | undefined;
  readonly ownSoftTimeLimitMs: number | undefined;
  readonly ignoreResult: boolean;
  readonly storeErrorsEvenIfIgnored: boolean;
  readonly trackStarted: boolean;
  readonly errback: ErrbackStyle;
  readonly sendEvents: boolean;
  readonly expiresMs: number | undefined;
  readonly serializer: string;
  readonly compression: string | undefined;
  readonly throws: readonly ErrorClass[];
  readonly typing: boolean;
  readonly argsrepr:
    true | ((args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => string) | undefined;
}
