import { createHash } from 'node:crypto';
import { LimitKeyError } from '../../errors.js';
import type { TaskMessage } from '../../message/task-message.js';
import { describe } from '../../runtime/options.js';
import { bindArguments } from '../../task/parameters.js';
import type { KeySource } from '../../task/limit.options.js';
import type { TaskDefinition } from '../../task/task.definition.js';

/**
 * What a call is counted by under a limit of its task: the task's name and the key.
 * @throws LimitKeyError
 */
export function countedBy(
  { name, parameters }: TaskDefinition,
  option: 'rateLimit' | 'concurrency',
  source: KeySource | undefined,
  { args, kwargs }: TaskMessage,
): string {
  if (source === undefined) return name;
  let key: unknown;
  try {
    const bound = bindArguments(parameters, args, kwargs);
    key = typeof source === 'string' ? bound[parameters.names.indexOf(source)] : source(...bound);
  } catch (error) {
    throw new LimitKeyError(name, option, `it throws ${String(error)}`, error);
  }
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${name}/${short(String(key))}`;
    default:
      throw new LimitKeyError(
        name,
        option,
        `expected a string, number, bigint or boolean, got ${describe(key)}`,
      );
  }
}

/** Keys of any length make keys of Redis that are not. */
function short(key: string): string {
  return key.length <= LONGEST ? key : `sha256-${createHash('sha256').update(key).digest('hex')}`;
}

const LONGEST = 200;
