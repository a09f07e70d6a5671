/** True for `number[]` and the like: parameters without a last one. */
export type IsVariadic<P extends readonly unknown[]> = number extends P['length'] ? true : false;

/** Parameter lists with the optional tail there or not: `[a, b?]` is `[a] | [a, b]`. Labels stay. */
export type Effective<P extends readonly unknown[]> =
  IsVariadic<P> extends true ? P : EffectiveOf<Required<P>, P['length']>;
type EffectiveOf<F extends readonly unknown[], L> = F extends unknown
  ? F['length'] extends L
    ? F | (F extends readonly [...infer R, unknown] ? EffectiveOf<R, L> : never)
    : never
  : never;

/** `[a, b, c]` is `[a, b, c] | [b, c] | [c] | []`. */
export type Suffix<E extends readonly unknown[]> = E extends readonly [unknown, ...infer R]
  ? E | Suffix<R>
  : E;

type DropSuffix<E extends readonly unknown[], G extends readonly unknown[]> =
  IsVariadic<E> extends true
    ? E
    : G extends readonly [unknown, ...infer Less]
      ? E extends readonly [...infer R, unknown]
        ? DropSuffix<R, Less>
        : never
      : E;

/** The arguments still missing once the last ones are given. */
export type NeedFor<E extends readonly unknown[], G extends readonly unknown[]> = E extends unknown
  ? G extends Suffix<E>
    ? DropSuffix<E, G>
    : never
  : never;

/** Parameter lists that satisfy both: each alternative of the one with each of the other, as far as their lengths agree. */
export type Both<A extends readonly unknown[], B extends readonly unknown[]> = A extends unknown
  ? B extends unknown
    ? Merged<A, B>
    : never
  : never;

type Merged<A extends readonly unknown[], B extends readonly unknown[]> = readonly unknown[] extends A
  ? B
  : readonly unknown[] extends B
    ? A
    : IsVariadic<A> extends true
      ? { [K in keyof B]: B[K] & A[number] }
      : IsVariadic<B> extends true
        ? { [K in keyof A]: A[K] & B[number] }
        : A['length'] extends B['length']
          ? { [K in keyof A]: K extends keyof B ? A[K] & B[K] : never }
          : never;
