import { InvalidCanvasError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import { describe } from '../runtime/options.js';
import { argumentsOf, calleeDict, type Callee } from './callee.js';
import type { Group, Signature } from './canvas.types.js';
import { typedSignature } from './face.js';
import { group } from './group.js';

/**
 * A group of `celery.starmap` calls, each with the next `n` items: few messages for much work. The result is a list of lists.
 * From an iterable or async generator the chunks are made as they are sent, once.
 * @example await client.applyAsync(chunks(math.add, pairs, 100));
 * @throws InvalidCanvasError for what is no handle of a task, for items that are no lists, and for an `n` below 1
 */
export function chunks<A extends unknown[], R>(
  task: Callee<A, R>,
  items: Iterable<Readonly<A>> | AsyncIterable<Readonly<A>>,
  n: number,
): Group<[], R[][], true> {
  const dict = calleeDict(task, 'chunks task');
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new InvalidCanvasError('chunks', `expected n to be an integer of 1 or more, got ${describe(n)}`);
  }
  const call = (it: readonly unknown[]): Signature<[], R[], true> => chunkOf(dict, it);
  if (isAsync(items)) return group(asyncChunks(items, n, call));
  if (Array.isArray(items)) return group([...syncChunks(items, n, call)]);
  return group({ [Symbol.iterator]: () => syncChunks(items, n, call) });
}

function chunkOf<R>(task: SignatureDict, it: readonly unknown[]): Signature<[], R[], true> {
  return typedSignature('celery.starmap', { kwargs: { task, it: Object.freeze(it) }, immutable: true });
}

function* syncChunks<C>(
  items: Iterable<unknown>,
  n: number,
  call: (it: readonly unknown[]) => C,
): Generator<C, void> {
  let chunk: unknown[] = [];
  let index = 0;
  for (const item of items) {
    chunk.push(argumentsOf(item, `chunks item ${index++}`));
    if (chunk.length === n) {
      yield call(chunk);
      chunk = [];
    }
  }
  if (chunk.length > 0) yield call(chunk);
}

async function* asyncChunks<C>(
  items: AsyncIterable<unknown>,
  n: number,
  call: (it: readonly unknown[]) => C,
): AsyncGenerator<C, void> {
  let chunk: unknown[] = [];
  let index = 0;
  for await (const item of items) {
    chunk.push(argumentsOf(item, `chunks item ${index++}`));
    if (chunk.length === n) {
      yield call(chunk);
      chunk = [];
    }
  }
  if (chunk.length > 0) yield call(chunk);
}

/** @throws InvalidCanvasError for what gives no items at all */
function isAsync(items: unknown): items is AsyncIterable<unknown> {
  const object = typeof items === 'object' && items !== null ? items : {};
  if (Symbol.asyncIterator in object) return true;
  if (Symbol.iterator in object) return false;
  throw new InvalidCanvasError('chunks items', `expected a list or an iterable, got ${describe(items)}`);
}
