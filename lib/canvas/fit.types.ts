import type { CallOptions } from './call.options.js';
import type { Both, IsVariadic } from './partial.types.js';

declare const NEED: unique symbol;
declare const RESULT: unique symbol;
declare const IMMUTABLE: unique symbol;

/** What the compiler knows of any canvas. `Part` is the widest: whatever fits anywhere. */
export interface TypedCanvas<in Need extends readonly unknown[], out R, out Imm extends boolean> {
  readonly kind: 'task' | 'chain' | 'group' | 'chord';
  readonly options: CallOptions;
  readonly immutable: boolean;
  readonly [NEED]?: (need: Need) => void;
  readonly [RESULT]?: R;
  readonly [IMMUTABLE]?: Imm;
}

/** Any canvas, whatever it needs and gives: what a chain, group or chord can be made of. */
export type Part = TypedCanvas<never, unknown, boolean>;

/** What the tasks of a canvas that run first still lack. */
export type NeedOf<S> = S extends TypedCanvas<infer N, unknown, boolean> ? N : never;
/** What a canvas gives in the end. */
export type ResultOf<S> = S extends TypedCanvas<never, infer R, boolean> ? R : never;
/** True: takes no result from what comes before it. */
export type ImmutableOf<S> = S extends TypedCanvas<never, unknown, infer I> ? I : never;

/** Why a canvas does not stand where it was put; the compiler shows it. */
export interface ChainError<Message extends string, Got, Want> {
  readonly __chain_error__: Message;
  readonly got: Got;
  readonly want: Want;
}

/** `S` itself if it can follow what gives `Prev`, else why not. */
export type Step<Prev, S> =
  ImmutableOf<S> extends true
    ? S
    : [NeedOf<S>] extends [never]
      ? ChainError<'the members of this group need different arguments', Prev, never>
      : [Loose<Prev>] extends NeedOf<S>
        ? S
        : NeedOf<S> extends readonly []
          ? ChainError<'this task takes no argument; use .si()', Prev, []>
          : [Extract<NeedOf<S>, readonly [unknown]>] extends [never]
            ? ChainError<'more than one argument is missing', Prev, NeedOf<S>>
            : ChainError<
                'result of the previous task is not assignable',
                Prev,
                Extract<NeedOf<S>, readonly [unknown]>[0]
              >;

/** Nothing is known of an `unknown` result, so nothing is checked: it stands for one that fits. */
export type Loose<T> = unknown extends T
  ? never
  : T extends readonly unknown[]
    ? { [K in keyof T]: Loose<T[K]> }
    : T;

/** What the next step of a chain gets: of a group the list, of a group of one its only member's result. */
type Handed<S> = S extends { readonly kind: 'group' }
  ? ResultOf<S> extends readonly [infer Only]
    ? Only
    : ResultOf<S>
  : ResultOf<S>;

/**
 * Each step, with why it cannot follow the one before it where it cannot: the compiler then points at that very step. Lists
 * of unknown length are taken as they are.
 */
export type Steps<S extends readonly unknown[]> = { [K in keyof S]: S[K] & Following<[Start, ...S], S, K> };
type Following<Before extends readonly unknown[], S extends readonly unknown[], K extends keyof S> =
  IsVariadic<S> extends true
    ? unknown
    : K extends keyof Before
      ? Before[K] extends Start
        ? unknown
        : Step<Handed<Before[K]>, S[K]>
      : unknown;
/** Stands before the first step. */
interface Start {
  readonly __start__: true;
}

export type First<S extends readonly unknown[]> = S extends readonly [infer H, ...unknown[]] ? H : S[number];
export type Last<S extends readonly unknown[]> = S extends readonly [...unknown[], infer L] ? L : S[number];

/** Each callback, or why it cannot follow what gives `R`. */
export type Callbacks<R, N extends readonly unknown[]> = { [K in keyof N]: N[K] & Step<R, N[K]> };

/** What gives the members of a group: a list, or one by one. */
export type PartSource = readonly Part[] | Iterable<Part> | AsyncIterable<Part>;

type MemberOf<S> = S extends Iterable<infer M> | AsyncIterable<infer M> ? M : never;

/** The list of the members' results. */
export type ResultsOf<S> = S extends readonly unknown[]
  ? { -readonly [K in keyof S]: ResultOf<S[K]> }
  : ResultOf<MemberOf<S>>[];

/** True when all members take nothing: then the group does not. */
export type AllImmutable<S> = [ImmutableOf<MemberOf<S>>] extends [true] ? true : false;

/** What all the members lack: the same arguments go to each. */
export type NeedOfAll<S> =
  AllImmutable<S> extends true
    ? []
    : S extends readonly [unknown, ...unknown[]]
      ? SharedNeed<S, readonly unknown[]>
      : NeedOf<MemberOf<S>>;
type SharedNeed<S extends readonly unknown[], Acc extends readonly unknown[]> = S extends readonly [
  infer H,
  ...infer Others,
]
  ? SharedNeed<Others, ImmutableOf<H> extends true ? Acc : Both<Acc, NeedOf<H>>>
  : Acc;
