import type { Canvas } from '../canvas/canvas.types.js';
import type { Loose } from '../canvas/fit.types.js';
import type { BatchItem, ItemVerdict } from '../context/batch.js';
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
    ? IsBatch<Called> extends true
      ? Called extends [readonly BatchItem<infer OfOne>[]]
        ? OfOne
        : never
      : Called
    : never
  : never;

type IsNever<T> = [T] extends [never] ? true : false;

/** What a method takes without its context is one batch. */
type IsBatch<Called extends readonly unknown[]> = Called extends readonly [infer Taken]
  ? Taken extends readonly (infer Item)[]
    ? true extends IsAny<Taken> | IsAny<Item> | IsNever<Item>
      ? false
      : [Item] extends [BatchItem]
        ? true
        : false
    : false
  : false;

interface ObservableLike<T> {
  subscribe(observer: { next(value: T): void }): unknown;
}

/** Promises and observables unwrapped. */
type Unwrapped<R> = Awaited<R> extends ObservableLike<infer T> ? T : Awaited<R>;

/** What one call of a batch task gives: verdicts are no results. */
type ResultOfItem<R> = R extends readonly (infer Each)[] ? Exclude<Each, ItemVerdict> : void;

/** What a task gives in the end to one call of it. */
export type ReturnOf<F> = F extends (...args: infer A) => infer R
  ? IsBatch<WithoutContext<A>> extends true
    ? ResultOfItem<Unwrapped<R>>
    : Unwrapped<R>
  : never;

/** What may be linked to a task that gives `R`: a canvas that lacks exactly that, or one that takes nothing from it. */
export type LinkTo<R> = Canvas<[Loose<R>], unknown, false> | Canvas<[], unknown, true>;
