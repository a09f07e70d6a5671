import { InvalidCanvasError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import { describe } from '../runtime/options.js';
import type { TypedCanvas } from './fit.types.js';
import { toSignatureDict } from './signature-dict.js';
import { makeSignature } from './signature.js';

/** A task to be called with arguments of its own: the handle of one. */
export interface Callee<A extends unknown[], R> {
  readonly name: string;
  si(...args: A): TypedCanvas<[], R, true>;
}

/** @throws InvalidCanvasError for what has no task's name */
export function calleeDict(callee: unknown, where: string): SignatureDict {
  const name: unknown =
    typeof callee === 'object' && callee !== null ? Reflect.get(callee, 'name') : undefined;
  if (typeof name === 'string' && name !== '')
    return toSignatureDict(makeSignature(name, { immutable: false }));
  throw new InvalidCanvasError(
    where,
    `expected the handle of a task, such as client.of(MathTasks).add, got ${describe(callee)}`,
  );
}

/** @throws InvalidCanvasError for what is no list */
export function listOfItems(items: unknown, where: string): readonly unknown[] {
  if (typeof items === 'object' && items !== null && Symbol.iterator in items)
    return Object.freeze([...(items as Iterable<unknown>)]);
  throw new InvalidCanvasError(where, `expected a list or an iterable, got ${describe(items)}`);
}

/** @throws InvalidCanvasError for what is no list of lists */
export function listOfArguments(items: unknown, where: string): readonly unknown[] {
  return Object.freeze(
    listOfItems(items, where).map((item, index) => argumentsOf(item, `${where} ${index}`)),
  );
}

/** The arguments of one call. */
export function argumentsOf(item: unknown, where: string): readonly unknown[] {
  if (Array.isArray(item)) return item;
  throw new InvalidCanvasError(
    where,
    `expected the list of the arguments of one call, got ${describe(item)}`,
  );
}
