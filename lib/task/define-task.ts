import { InvalidOptionError } from '../errors.js';
import { parametersOfItems } from './batch.parameters.js';
import { parametersOf } from './parameters.js';
import { readTaskOptions } from './read-task-options.js';
import type { TaskDefaults } from './task.defaults.js';
import type { Parameters, TaskDefinition } from './task.definition.js';
import type { DeclaredTask } from './task.metadata.js';
import type { TaskConfig } from './task.options.js';

/**
 * What is written at a method → what the code reads.
 * @throws InvalidOptionError
 */
export function defineTask(
  { name, options, method, contextIndex, decorated, source }: DeclaredTask,
  defaults: TaskDefaults,
): TaskDefinition {
  const config = readTaskOptions(options, defaults);
  const hints = { contextIndex, decorated, params: options.params, typing: config.typing };
  const parameters =
    config.batch === undefined ? parametersOf(method, hints) : parametersOfItems(name, method, hints);
  checkLimitKeys(name, config, parameters);
  return Object.freeze({ name, config, parameters, source });
}

/** A key that names no parameter would fail every call. */
function checkLimitKeys(name: string, { rateLimit, concurrency }: TaskConfig, { names }: Parameters): void {
  const rateKey = rateLimit?.scope === 'cluster' ? rateLimit.key : undefined;
  for (const [option, key] of [
    ['rateLimit', rateKey],
    ['concurrency', concurrency?.key],
  ] as const) {
    if (typeof key !== 'string' || names.includes(key)) continue;
    throw new InvalidOptionError(
      `@Task(${name}).${option}.key`,
      `the task has no parameter ${JSON.stringify(key)}. It has: ${names.map((each) => each ?? '(unnamed)').join(', ')}`,
    );
  }
}
