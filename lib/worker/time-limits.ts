import type { TaskMessage } from '../message/task-message.js';
import type { TaskConfig } from '../task/task.options.js';

/** ms; undefined: no limit. */
export interface TimeLimits {
  readonly hardMs: number | undefined;
  readonly softMs: number | undefined;
}

/** The call's own limits win over the task's, those over the worker's, those over the app's `taskTimeLimit`. */
export function timeLimitsOf(message: TaskMessage, task: TaskConfig, worker: TaskLimits): TimeLimits {
  const { hard, soft } = message.timeLimit;
  return {
    hardMs: positive(hard) ?? task.ownTimeLimitMs ?? worker.timeLimit ?? task.timeLimitMs,
    softMs: positive(soft) ?? task.ownSoftTimeLimitMs ?? worker.softTimeLimit ?? task.softTimeLimitMs,
  };
}

/** The worker's own options, ms. */
interface TaskLimits {
  readonly timeLimit: number | undefined;
  readonly softTimeLimit: number | undefined;
}

/** Seconds from the wire to ms. As in Celery, 0 says nothing. */
function positive(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined;
}
