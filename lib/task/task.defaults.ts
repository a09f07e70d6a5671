import type { Duration } from '../runtime/duration.js';
import { bool, duration, type Field } from '../runtime/options.js';
import { readRate, type Rate, type RateLimit } from './limit.options.js';
import { taskAnnotations, type Annotation, type TaskAnnotations } from './task.annotations.js';

/** Settings that stand in for options a task does not give. Celery's names in camelCase. */
export interface TaskDefaultsOptions {
  /** Default of `acksLate`. Default false (`task_acks_late`). */
  taskAcksLate?: boolean;
  /** Default of `acksOnFailureOrTimeout`. Default true (`task_acks_on_failure_or_timeout`). */
  taskAcksOnFailureOrTimeout?: boolean;
  /** Default of `rejectOnWorkerLost`. Default false (`task_reject_on_worker_lost`). */
  taskRejectOnWorkerLost?: boolean;
  /** Default of `ignoreResult`. Default false (`task_ignore_result`). */
  taskIgnoreResult?: boolean;
  /** Default of `storeErrorsEvenIfIgnored`. Default false (`task_store_errors_even_if_ignored`). */
  taskStoreErrorsEvenIfIgnored?: boolean;
  /** Default of `trackStarted`. Default false (`task_track_started`). */
  taskTrackStarted?: boolean;
  /** Hard limit on one run of a task that has none. Default none (`task_time_limit`). */
  taskTimeLimit?: Duration;
  /** Soft limit on one run of a task that has none. Default none (`task_soft_time_limit`). */
  taskSoftTimeLimit?: Duration;
  /** Rate limit, in each worker, of tasks that have none. Default none (`task_default_rate_limit`). */
  taskDefaultRateLimit?: Rate;
  /**
   * Options that override those of tasks by name: a name, a pattern (`mail.*`), or `*` for all. `*` first, then the
   * patterns in order, then the name itself (`task_annotations`).
   */
  taskAnnotations?: TaskAnnotations;
}

/** Everything decided. Times in ms. */
export interface TaskDefaultsConfig {
  readonly taskAcksLate: boolean;
  readonly taskAcksOnFailureOrTimeout: boolean;
  readonly taskRejectOnWorkerLost: boolean;
  readonly taskIgnoreResult: boolean;
  readonly taskStoreErrorsEvenIfIgnored: boolean;
  readonly taskTrackStarted: boolean;
  /** ms */
  readonly taskTimeLimit: number | undefined;
  /** ms */
  readonly taskSoftTimeLimit: number | undefined;
  readonly taskDefaultRateLimit: RateLimit | undefined;
  readonly taskAnnotations: readonly Annotation[];
}

/** With what the content options decide. */
export interface TaskDefaults extends TaskDefaultsConfig {
  readonly taskSerializer: string;
  readonly taskCompression: string | undefined;
}

export const taskDefaultsFields: {
  readonly [K in keyof TaskDefaultsConfig]-?: Field<TaskDefaultsConfig[K]>;
} = {
  taskAcksLate: bool(false),
  taskAcksOnFailureOrTimeout: bool(true),
  taskRejectOnWorkerLost: bool(false),
  taskIgnoreResult: bool(false),
  taskStoreErrorsEvenIfIgnored: bool(false),
  taskTrackStarted: bool(false),
  taskTimeLimit: duration(undefined),
  taskSoftTimeLimit: duration(undefined),
  taskDefaultRateLimit: readRate,
  taskAnnotations,
};
