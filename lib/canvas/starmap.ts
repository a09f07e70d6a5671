import { calleeDict, listOfArguments, type Callee } from './callee.js';
import type { Signature } from './canvas.types.js';
import { typedSignature } from './face.js';

/**
 * One call of `celery.starmap`: like `map`, but each item is a list of arguments.
 * @example await client.applyAsync(starmap(math.add, [[1, 2], [3, 4]])); // [3, 7]
 * @throws InvalidCanvasError for what is no handle of a task, and for items that are no lists
 */
export function starmap<A extends unknown[], R>(
  task: Callee<A, R>,
  items: Iterable<Readonly<A>>,
): Signature<[], R[], true> {
  const it = listOfArguments(items, 'starmap items');
  const kwargs = { task: calleeDict(task, 'starmap task'), it };
  return typedSignature('celery.starmap', { kwargs, immutable: true });
}
