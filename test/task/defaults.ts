import { readOptions } from '../../lib/runtime/options.js';
import {
  taskDefaultsFields,
  type TaskDefaults,
  type TaskDefaultsConfig,
  type TaskDefaultsOptions,
} from '../../lib/task/task.defaults.js';

/** Celery's defaults, but for the wish. */
export function taskDefaults(wish: TaskDefaultsOptions = {}): TaskDefaults {
  const read = readOptions<TaskDefaultsConfig>('celery', wish, taskDefaultsFields);
  return { ...read, taskSerializer: 'json', taskCompression: undefined };
}
