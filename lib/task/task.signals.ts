import { CeleryError } from '../errors.js';

/**
 * What a handler throws to steer its own outcome. Each is recognised by class, in this process only:
 * nothing that comes from the wire ever becomes one of these.
 */
export abstract class TaskSignal extends CeleryError {}

/** Run me again later. Thrown by `task.retry()`; Celery's `Retry`. */
export class Retry extends TaskSignal {
  readonly code = 'RETRY';

  constructor(readonly request: RetryRequest) {
    super('Task asked to be retried', request.cause === undefined ? undefined : { cause: request.cause });
  }
}

/** What `task.retry()` may change for the next attempt. What is left out stays as it is. */
export interface RetryRequest {
  /** Wait before the next attempt, ms. Default: the task's `defaultRetryDelay`. */
  readonly countdownMs?: number;
  /** Instant of the next attempt, ms since the epoch. Wins over `countdownMs`. */
  readonly etaMs?: number;
  /** Overrides the task's `maxRetries` for this decision only, as in Celery. `null`: for ever. */
  readonly maxRetries?: number | null;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly queue?: string;
  readonly priority?: number;
  /** Becomes the failure when no retry is left. */
  readonly cause?: unknown;
}

/** Give this message back to the broker: dead-letter it (`requeue: false`) or hand it out again. Celery's `Reject`. */
export class Reject extends TaskSignal {
  readonly code = 'REJECT';
  readonly requeue: boolean;

  constructor(reason = 'rejected', options: { readonly requeue?: boolean } = {}) {
    super(reason);
    this.requeue = options.requeue ?? false;
  }
}

/** Settle the message and store nothing: the task has dealt with its own state. Celery's `Ignore`. */
export class Ignore extends TaskSignal {
  readonly code = 'IGNORE';

  constructor(reason = 'ignored') {
    super(reason);
  }
}

/** Every retry is used up and no cause was given. Celery's `MaxRetriesExceededError`. */
export class MaxRetriesExceeded extends CeleryError {
  readonly code = 'MAX_RETRIES_EXCEEDED';

  constructor(
    readonly taskName: string,
    readonly taskId: string,
  ) {
    super(`Can't retry ${taskName}[${taskId}]: no retry is left`);
  }
}

/** The soft time limit passed: the handler's signal is aborted with this, so that it may clean up. */
export class SoftTimeLimitExceeded extends CeleryError {
  readonly code = 'SOFT_TIME_LIMIT_EXCEEDED';

  /** @param limitSeconds the limit, seconds */
  constructor(readonly limitSeconds: number) {
    super(`Soft time limit (${limitSeconds}s) exceeded`);
  }
}

/** The hard time limit passed: the task has failed whatever its handler still does. */
export class TimeLimitExceeded extends CeleryError {
  readonly code = 'TIME_LIMIT_EXCEEDED';

  /** @param limitSeconds the limit, seconds */
  constructor(readonly limitSeconds: number) {
    super(`Time limit (${limitSeconds}s) exceeded`);
  }
}

/** The process or thread that ran the task died under it. Celery's `WorkerLostError`. */
export class WorkerLostError extends CeleryError {
  readonly code = 'WORKER_LOST';

  /** @param how `exit code 1`, `signal SIGKILL` */
  constructor(readonly how: string) {
    super(`Worker exited prematurely: ${how}`);
  }
}

/** It was begun so often, and its worker or its pool's child died each time: it is put into quarantine, and runs no more. */
export class PoisonPill extends WorkerLostError {
  /** @param starts how often it was begun */
  constructor(readonly starts: number) {
    super(`begun ${starts} times and never ended`);
  }
}

/** It was revoked while it ran: its result is no longer wanted. */
export class TaskTerminated extends CeleryError {
  readonly code = 'TASK_TERMINATED';

  constructor() {
    super('The task was revoked while it ran');
  }
}

/** The worker is going down and could not wait longer: the message goes back to its queue. */
export class WorkerShuttingDown extends CeleryError {
  readonly code = 'WORKER_SHUTTING_DOWN';

  constructor() {
    super('The worker is shutting down');
  }
}

/** The message is no longer this worker's: its connection or lease is gone, and another worker may run the task by now. */
export class DeliveryLost extends CeleryError {
  readonly code = 'DELIVERY_LOST';

  constructor() {
    super('The message was lost while its task ran: it will be, or has been, handed to another worker');
  }
}
