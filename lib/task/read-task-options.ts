import { InvalidOptionError } from '../errors.js';
import {
  bool,
  oneOf,
  describe,
  duration,
  integer,
  list,
  readOptions,
  text,
  type Field,
} from '../runtime/options.js';
import { batchField } from './batch.options.js';
import { concurrencyLimit, rateLimit } from './limit.options.js';
import { annotated } from './task.annotations.js';
import type { TaskDefaults } from './task.defaults.js';
import { taskName } from './task-name.js';
import type { ErrorClass, TaskConfig, TaskOptions } from './task.options.js';

/**
 * Decides everything about a task: its own options under those of `taskAnnotations` for its name, and the defaults where
 * neither says a thing.
 * @param options with `name` set to the name it is registered under
 * @throws InvalidOptionError for an unknown option or a bad value
 */
export function readTaskOptions(options: TaskOptions, defaults: TaskDefaults): TaskConfig {
  const section = `@Task(${options.name ?? ''})`;
  const given =
    options.name === undefined ? options : annotated(options, options.name, defaults.taskAnnotations);
  const read = readOptions<ReadOptions>(section, given, fields(defaults));
  const limits = {
    timeLimitMs: read.timeLimit ?? defaults.taskTimeLimit,
    softTimeLimitMs: read.softTimeLimit ?? defaults.taskSoftTimeLimit,
  };
  if ((limits.softTimeLimitMs ?? 0) > (limits.timeLimitMs ?? Infinity)) {
    throw new InvalidOptionError(
      `${section}.softTimeLimit`,
      `${limits.softTimeLimitMs} ms is longer than the hard limit of ${limits.timeLimitMs} ms, so it would never pass. Make it shorter.`,
    );
  }
  const { timeLimit, softTimeLimit, defaultRetryDelay, retryBackoff, retryBackoffMax, expires, ...kept } =
    read;
  const { name: _name, bind: _bind, params: _params, ...config } = kept;
  return Object.freeze({
    ...config,
    ...limits,
    ownTimeLimitMs: timeLimit,
    ownSoftTimeLimitMs: softTimeLimit,
    defaultRetryDelayMs: defaultRetryDelay,
    retryBackoffSeconds: retryBackoff,
    retryBackoffMaxMs: retryBackoffMax,
    expiresMs: expires,
  });
}

/** The options by their own names; times in ms, `retryBackoff` in seconds. */
type ReadOptions = { readonly [K in keyof TaskOptions]-?: unknown } & Omit<
  TaskConfig,
  | 'timeLimitMs'
  | 'softTimeLimitMs'
  | 'ownTimeLimitMs'
  | 'ownSoftTimeLimitMs'
  | 'defaultRetryDelayMs'
  | 'retryBackoffSeconds'
  | 'retryBackoffMaxMs'
  | 'expiresMs'
> & {
    readonly timeLimit: number | undefined;
    readonly softTimeLimit: number | undefined;
    readonly defaultRetryDelay: number;
    readonly retryBackoff: number | undefined;
    readonly retryBackoffMax: number;
    readonly expires: number | undefined;
  };

function fields(defaults: TaskDefaults): { readonly [K in keyof ReadOptions]-?: Field<ReadOptions[K]> } {
  return {
    name: (value, path) => (value === undefined ? undefined : taskName(value, path)),
    queue: text(undefined),
    exchange: text(undefined),
    routingKey: text(undefined),
    priority: integer(undefined, 0, 255),
    acksLate: bool(defaults.taskAcksLate),
    acksOnFailureOrTimeout: bool(defaults.taskAcksOnFailureOrTimeout),
    rejectOnWorkerLost: bool(defaults.taskRejectOnWorkerLost),
    autoretryFor: list(errorClass),
    dontAutoretryFor: list(errorClass),
    maxRetries: (value, path) => (value === null ? null : integer(3)(value, path)),
    defaultRetryDelay: duration(180_000),
    retryBackoff,
    retryBackoffMax: duration(600_000),
    retryJitter: bool(true),
    pool: text(undefined),
    rateLimit: rateLimit(defaults.taskDefaultRateLimit),
    concurrency: concurrencyLimit,
    batch: batchField,
    timeLimit: positiveDuration,
    softTimeLimit: positiveDuration,
    ignoreResult: bool(defaults.taskIgnoreResult),
    storeErrorsEvenIfIgnored: bool(defaults.taskStoreErrorsEvenIfIgnored),
    trackStarted: bool(defaults.taskTrackStarted),
    errback: oneOf(['id', 'request'], 'id'),
    sendEvents: bool(true),
    expires: duration(undefined),
    serializer: text(defaults.taskSerializer),
    compression: text(defaults.taskCompression),
    throws: list(errorClass),
    typing: bool(true),
    bind: bool(false),
    params: list(text('')),
    argsrepr,
  };
}

const errorClass: Field<ErrorClass> = (value, path) => {
  if (isErrorClass(value)) return value;
  throw new InvalidOptionError(path, `expected a class of errors, got ${describe(value)}`);
};

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && (value === Error || value.prototype instanceof Error);
}

/** As Celery: `true` is a first wait of 1 s; a number is cut to whole seconds, at least 1. */
const retryBackoff: Field<number | undefined> = (value, path) => {
  if (value === undefined || value === false) return undefined;
  if (value === true) return 1;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0)
    return Math.max(1, Math.trunc(value));
  throw new InvalidOptionError(path, `expected true, false or a number of seconds, got ${describe(value)}`);
};

/** Celery reads a limit of 0 as no limit. */
const positiveDuration: Field<number | undefined> = (value, path) => {
  const limitMs = duration(undefined)(value, path);
  return limitMs === 0 ? undefined : limitMs;
};

const argsrepr: Field<TaskConfig['argsrepr']> = (value, path) => {
  if (value === undefined || value === true) return value;
  if (typeof value === 'function') return value as Exclude<TaskConfig['argsrepr'], true | undefined>;
  throw new InvalidOptionError(path, `expected true or a function of (args, kwargs), got ${describe(value)}`);
};
