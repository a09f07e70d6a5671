import { BatchItem, ItemVerdict, type Batch } from '../../context/batch.js';
import type { TaskContext } from '../../context/task.context.js';
import { BatchResultError } from '../../errors.js';
import { bindArguments } from '../../task/parameters.js';
import type { Parameters } from '../../task/task.definition.js';
import type { TaskHandler } from '../pool/pool.js';

/**
 * Makes of a batch task's method what the worker calls. With the contexts of several messages it gives one end for each; with
 * one context alone it behaves as the task of one message. An item whose arguments do not fit fails by itself, and the method
 * never sees it.
 * @param call gets the context of the whole call: that of its first message, with the signal of all
 */
export function batchHandler(
  parameters: Parameters,
  call: (context: TaskContext, batch: Batch) => unknown,
): TaskHandler {
  const itemOf = (context: TaskContext): BatchItem | ItemVerdict => {
    try {
      return new BatchItem(context, bindArguments(parameters, context.args, context.kwargs));
    } catch (error) {
      return new ItemVerdict(error);
    }
  };
  const endsOf = async (context: TaskContext, contexts: readonly TaskContext[]): Promise<unknown[]> => {
    const read = contexts.map(itemOf);
    const batch = read.filter((each) => each instanceof BatchItem);
    const results = batch.length === 0 ? [] : resultsOf(context.name, await call(context, batch), batch);
    const given = results.values();
    return read.map((each) => (each instanceof ItemVerdict ? each : given.next().value));
  };
  return async (context, contexts) => {
    if (contexts !== undefined) return endsOf(context, contexts);
    const [end] = await endsOf(context, [context]);
    if (end instanceof ItemVerdict) throw end.thrown;
    return end;
  };
}

/** @throws BatchResultError */
function resultsOf(taskName: string, returned: unknown, batch: Batch): readonly unknown[] {
  if (returned === undefined || returned === null) return batch.map(() => null);
  if (!Array.isArray(returned)) throw new BatchResultError(taskName, `returned no list (${typeof returned})`);
  if (returned.length === batch.length) return returned;
  throw new BatchResultError(taskName, `returned ${returned.length} results for ${batch.length} items`);
}
