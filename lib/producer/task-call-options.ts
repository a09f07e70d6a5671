import type { CallOptions } from '../canvas/call.options.js';
import type { TaskConfig } from '../task/task.options.js';

/** What a task's own options say about its calls. They stand below the call's, and above its route's. */
export function taskCallOptions(task: TaskConfig): CallOptions {
  const known = made.get(task);
  if (known !== undefined) return known;
  const options = make(task);
  made.set(task, options);
  return options;
}

/** A config is frozen, so that what it says is worked out once. */
const made = new WeakMap<TaskConfig, CallOptions>();

function make(task: TaskConfig): CallOptions {
  return Object.freeze({
    ...(task.queue === undefined ? {} : { queue: task.queue }),
    ...(task.exchange === undefined ? {} : { exchange: task.exchange }),
    ...(task.routingKey === undefined ? {} : { routingKey: task.routingKey }),
    // Celery: a priority of 0 leaves it to the route.
    ...(task.priority ? { priority: task.priority } : {}),
    ...(task.compression === undefined ? {} : { compression: task.compression }),
    ...(task.expiresMs === undefined ? {} : { expiresInMs: task.expiresMs }),
    ...(task.ownTimeLimitMs === undefined ? {} : { timeLimitSeconds: task.ownTimeLimitMs / 1000 }),
    ...(task.ownSoftTimeLimitMs === undefined
      ? {}
      : { softTimeLimitSeconds: task.ownSoftTimeLimitMs / 1000 }),
    serializer: task.serializer,
    ignoreResult: task.ignoreResult,
  });
}
