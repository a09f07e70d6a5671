import type { TaskContext } from '../context/task.context.js';
import { bindArguments } from '../task/parameters.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { batchHandler } from './batch/batch.handler.js';
import type { TaskHandler } from './pool/pool.js';

/** The code of a task, from what runs its method. @param run gets the arguments in the method's order, or its batch */
export function handlerOf(
  { config, parameters }: Pick<TaskDefinition, 'config' | 'parameters'>,
  run: (context: TaskContext, args: unknown[]) => unknown,
): TaskHandler {
  if (config.batch !== undefined) return batchHandler(parameters, (context, batch) => run(context, [batch]));
  return (context) => run(context, bindArguments(parameters, context.args, context.kwargs));
}
