import 'reflect-metadata';
import { TASK_METADATA, TASKS_METADATA } from './task.metadata.js';
import type { TaskOptions, TasksOptions } from './task.options.js';

/** Nest's mark of a class that is entered from outside: its request-scoped global enhancers then run. */
const ENTRY_PROVIDER_WATERMARK = '__entryProvider__';

/**
 * Makes a method of a provider or controller a task. Only writes metadata; it is read when the application starts.
 * @param options the task's options, or its name. Default name: `ClassName.method`, or `prefix.method` with `@Tasks()`
 */
export function Task(options: TaskOptions | string = {}): MethodDecorator {
  return (target, _key, descriptor) => {
    const method: unknown = descriptor.value;
    if (typeof method !== 'function') throw new TypeError('@Task() stands on methods only');
    Reflect.defineMetadata(TASK_METADATA, typeof options === 'string' ? { name: options } : options, method);
    Reflect.defineMetadata(ENTRY_PROVIDER_WATERMARK, true, target.constructor);
  };
}

/**
 * Defaults for every task of a class.
 * @param options options, or the prefix of the tasks' names
 */
export function Tasks(options: TasksOptions | string): ClassDecorator {
  return (target) => {
    Reflect.defineMetadata(
      TASKS_METADATA,
      typeof options === 'string' ? { prefix: options } : options,
      target,
    );
  };
}
