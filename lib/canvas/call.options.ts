import type { SignatureDict } from '../message/signature.js';
import type { Duration } from '../runtime/duration.js';

/** Celery's calling options in camelCase, as users write them. Durations: a number is seconds, a string carries its unit. */
export interface ApplyAsyncOptions {
  /** Run no earlier than this from now. */
  countdown?: Duration;
  /** Run no earlier than this instant: a Date, or ISO text (without an offset it means UTC). Not together with `countdown`. */
  eta?: Date | string;
  /** Do not run after this: from now (a duration) or an instant. */
  expires?: Duration | Date;
  /** Repeat a publish that failed and was surely not delivered. Default true (`task_publish_retry`). */
  retry?: boolean;
  retryPolicy?: PublishRetryPolicy;
  queue?: string;
  exchange?: string;
  routingKey?: string;
  /** 0 to 9. RabbitMQ: 9 first, and up to 255 (the queue needs `maxPriority`). Redis: 0 first. */
  priority?: number;
  serializer?: string;
  compression?: string;
  /** Own message headers; the task reads them as `task.headers`. */
  headers?: Readonly<Record<string, unknown>>;
  /** Id given ahead. Default: a random UUID. */
  taskId?: string;
  /** Sent when the task has succeeded, its result in front of their arguments. */
  link?: AnyCallback | readonly AnyCallback[];
  /** Sent when the task has failed for good, its id in front of their arguments. */
  linkError?: AnyCallback | readonly AnyCallback[];
  timeLimit?: Duration;
  softTimeLimit?: Duration;
  /** Name shown in logs and monitors. */
  shadow?: string;
  ignoreResult?: boolean;
  /** Queue that rpc results go to. Default: the client's own. */
  replyTo?: string;
  rootId?: string;
  parentId?: string;
  groupId?: string;
  /** Stamp name → value; travels to the worker as `stamps`. */
  stamps?: Readonly<Record<string, unknown>>;
  /** Shown in logs and monitors instead of the arguments. */
  argsrepr?: string;
  kwargsrepr?: string;
}

/** Celery's `task_publish_retry_policy`. */
export interface PublishRetryPolicy {
  /** Attempts after the first; null: until the publish's deadline. Default 3. */
  maxRetries?: number | null;
  /** First wait. Default 0 s. */
  intervalStart?: Duration;
  /** Added to the wait each time. Default 0.2 s. */
  intervalStep?: Duration;
  /** Longest wait. Default 1 s (Celery's `interval_max`). */
  intervalMax?: Duration;
}

/** Any canvas, as far as this file needs to know. */
export interface AnyCallback {
  readonly kind: 'task' | 'chain' | 'group' | 'chord';
  readonly options: CallOptions;
  readonly immutable: boolean;
}

/** Any signature, whatever its types. Structural, so that this file needs no type of `signature.ts`. */
export interface AnySignature {
  readonly kind: 'task';
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
  readonly immutable: boolean;
}

/**
 * Calling options read: names checked, times resolved to ms, callbacks turned into Celery's dictionaries.
 * Relative times stay relative: a signature may be sent much later than it is made.
 */
export interface CallOptions {
  readonly countdownMs?: number;
  /** ms since the epoch. */
  readonly etaMs?: number;
  readonly expiresInMs?: number;
  /** ms since the epoch. */
  readonly expiresAtMs?: number;
  readonly retry?: boolean;
  /** What it leaves out comes from `taskPublishRetryPolicy`. */
  readonly retryPolicy?: Partial<ResolvedRetryPolicy>;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly priority?: number;
  readonly serializer?: string;
  readonly compression?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly taskId?: string;
  readonly link?: readonly SignatureDict[];
  readonly linkError?: readonly SignatureDict[];
  /** Celery's reversed rest of a chain, and the body of the chord a task belongs to; from the wire or the canvas. */
  readonly chain?: readonly SignatureDict[];
  readonly chord?: SignatureDict;
  /** Seconds. */
  readonly timeLimitSeconds?: number;
  readonly softTimeLimitSeconds?: number;
  readonly shadow?: string;
  readonly ignoreResult?: boolean;
  readonly replyTo?: string;
  readonly rootId?: string;
  readonly parentId?: string;
  readonly groupId?: string;
  readonly groupIndex?: number;
  readonly stamps?: Readonly<Record<string, unknown>>;
  readonly argsrepr?: string;
  readonly kwargsrepr?: string;
  readonly replacedTaskNesting?: number;
  /** Options of Python's that we do not know, kept as they came. */
  readonly foreign?: Readonly<Record<string, unknown>>;
}

export interface ResolvedRetryPolicy {
  readonly maxRetries: number | null;
  readonly intervalStartMs: number;
  readonly intervalStepMs: number;
  readonly intervalMaxMs: number;
}
