import type { AnySignature, ApplyAsyncOptions } from '../canvas/call.options.js';
import type { LinkToError, Signature } from '../canvas/canvas.types.js';
import { typedSignature } from '../canvas/face.js';
import type { Effective, NeedFor, Suffix } from '../canvas/partial.types.js';
import type { AsyncResult } from '../result/async-result.js';
import type { AnyMethod, ArgsOf, LinkTo, ReturnOf } from './task.types.js';

/** Calling options of a task that gives `R`. */
export interface CallingOptions<R> extends Omit<ApplyAsyncOptions, 'link' | 'linkError'> {
  /** Sent when the task has succeeded, its result in front of their arguments. */
  link?: LinkTo<R> | readonly LinkTo<R>[];
  /** Sent when the task has failed for good, its id in front of their arguments. */
  linkError?: LinkToError | readonly LinkToError[];
}

/** One task, as its callers see it. */
export interface TaskHandle<A extends unknown[], R> {
  /** The name it is sent under. */
  readonly name: string;

  /** Sends it with these arguments. Resolves when the broker has it. */
  delay(...args: A): Promise<AsyncResult<R>>;

  /** Sends it with these arguments, and says how. */
  applyAsync(args: A, options?: CallingOptions<R>): Promise<AsyncResult<R>>;

  /** The call as data, sending nothing. Arguments given are the last ones: what is missing goes in front of them. */
  s<G extends Suffix<Effective<A>>>(...args: G): Signature<NeedFor<Effective<A>, G>, R, false>;

  /** The same, taking nothing from the task before it. */
  si(...args: A): Signature<[], R, true>;
}

/** Every method of a class as a handle. Of these only those with `@Task()` can be sent. */
export type TaskHandles<T> = {
  readonly [K in keyof T as T[K] extends AnyMethod ? K : never]: TaskHandle<ArgsOf<T[K]>, ReturnOf<T[K]>>;
};

/** What a handle sends through. */
export type Send = <R>(call: AnySignature, options: ApplyAsyncOptions | undefined) => Promise<AsyncResult<R>>;

export function taskHandle(name: string, send: Send): TaskHandle<unknown[], never> {
  // It can stand where any signature is wanted: it asks for no particular arguments and promises no particular result.
  const call = <Imm extends boolean>(args: readonly unknown[], immutable: Imm) =>
    typedSignature(name, { args, immutable });
  return Object.freeze({
    name,
    delay: (...args: unknown[]) => send<never>(call(args, false), undefined),
    applyAsync: (args: unknown[], options?: CallingOptions<never>) => send<never>(call(args, false), options),
    s: (...args: unknown[]) => call(args, false),
    si: (...args: unknown[]) => call(args, true),
  });
}
