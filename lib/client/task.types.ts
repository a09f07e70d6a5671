import type { Canvas } from '../canvas/canvas.types.js';
import type { Loose } from '../canvas/fit.types.js';
import type { TaskContext } from '../context/task.context.js';

/** Any method, whatever it takes. */
export type AnyMethod = (...args: never[]) => unknown;

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsContext<T> = IsAny<T> extends true ? false : [T] extends [TaskContext | undefined] ? true : false;

/**
 * Arguments without the `TaskContext`, wherever it stands. The tuple is cut, not rebuilt, so that labels, optional and rest
 * parameters stay what they are.
 */
export type WithoutContext<A extends readonly unknown[]> = A extends readonly []
  ? []
  : A extends readonly [infer H, ...infer R]
    ? A extends readonly [...infer First, ...R]
      ? IsContext<H> extends true
        ? WithoutContext<R>
        : [...First, ...WithoutContext<R>]
      : never
    : A extends readonly [(infer H)?, ...infer R]
      ? number extends A['length']
        ? A
        : IsContext<H> extends true
          ? WithoutContext<R>
          : A
      : A;

/** What callers of a task method pass. */
export type ArgsOf<F> = F extends (...args: infer A) => unknown
  ? WithoutContext<A> extends infer Called extends unknown[]
    ? Called
    : never
  : never;

interface ObservableLike<T> {
  subscribe(observer: { next(value: T): void }): unknown;
}

/** What a task method gives in the end: promises and observables unwrapped. */
export type ReturnOf<F> = F extends (...args: never[]) => infer R
  ? Awaited<R> extends ObservableLike<infer T>
    ? T
    : Awaited<R>
  : never;

/** What may be linked to a task that gives `R`: a canvas that lacks exactly that, or one that takes nothing from it. */
export type LinkTo<R> = Canvas<[Loose<R>], unknown, false> | Canvas<[], unknown, true>;
