import { calleeDict, listOfItems, type Callee } from './callee.js';
import type { Signature } from './canvas.types.js';
import { typedSignature } from './face.js';
import type { ChainError } from './fit.types.js';
import type { Effective, IsVariadic } from './partial.types.js';

type OneArgument<A extends readonly unknown[]> = Extract<Effective<A>, readonly [unknown]>;

/** Items for a task that can be called with one argument, else why there are none. */
export type MapItems<A extends readonly unknown[]> =
  IsVariadic<A> extends true
    ? Iterable<A[number]>
    : [OneArgument<A>] extends [never]
      ? ChainError<'this task cannot be called with one argument; use starmap', A, readonly [item: unknown]>
      : Iterable<OneArgument<A>[0]>;

/**
 * One call of `celery.map`: a worker runs the task for each item, one after the other, and the result is the list of what it
 * gave. No messages are sent for the single items. The call is immutable.
 * @example await client.applyAsync(map(web.fetch, urls));
 * @throws InvalidCanvasError for what is no handle of a task, and for items that are no list
 */
export function map<A extends unknown[], R>(
  task: Callee<A, R>,
  items: MapItems<A>,
): Signature<[], R[], true> {
  const it = listOfItems(items, 'map items');
  return typedSignature('celery.map', {
    kwargs: { task: calleeDict(task, 'map task'), it },
    immutable: true,
  });
}
