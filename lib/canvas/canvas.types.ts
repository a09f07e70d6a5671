import type { AnySignature, ApplyAsyncOptions } from './call.options.js';
import type { AnyChain, AnyChord, AnyGroup } from './canvas.js';
import type { Callbacks, ImmutableOf, NeedOf, Part, ResultOf, Step, TypedCanvas } from './fit.types.js';
import type { NeedFor, Suffix } from './partial.types.js';
import type { StampingVisitor, StampOptions, Stamps } from './stamp.types.js';

/**
 * A call as data: what to run, with what, and how. Frozen; only the client acts on it.
 *
 * `Need` are the arguments still missing (they go in front of those given, as in Celery), `R` is the task's result,
 * `Imm` says whether the result of the task before is left out (`si`).
 */
export interface Signature<
  in Need extends readonly unknown[] = never,
  out R = unknown,
  out Imm extends boolean = boolean,
>
  extends AnySignature, TypedCanvas<Need, R, Imm>, CanvasMethods {
  readonly kind: 'task';
  readonly immutable: Imm;
}

/**
 * Tasks one after the other, each result in front of the next one's arguments. `Need` is what the first step lacks, `R`
 * the last one's result, `Imm` true when the first step takes nothing.
 */
export interface Chain<
  in Need extends readonly unknown[] = never,
  out R = unknown,
  out Imm extends boolean = boolean,
>
  extends AnyChain, TypedCanvas<Need, R, Imm>, CanvasMethods {
  readonly kind: 'chain';
}

/** Tasks side by side: each gets the same missing arguments, the result is the list of theirs in the order of the members. */
export interface Group<
  in Need extends readonly unknown[] = never,
  out R = unknown,
  out Imm extends boolean = boolean,
>
  extends AnyGroup, TypedCanvas<Need, R, Imm>, CanvasMethods {
  readonly kind: 'group';
}

/** Tasks side by side, then the body with the list of their results. `Need` is what the header lacks, `R` the body's result. */
export interface Chord<
  in Need extends readonly unknown[] = never,
  out R = unknown,
  out Imm extends boolean = boolean,
>
  extends AnyChord, TypedCanvas<Need, R, Imm>, CanvasMethods {
  readonly kind: 'chord';
}

/** Any canvas that lacks `Need` and gives `R`. */
export type Canvas<Need extends readonly unknown[] = never, R = unknown, Imm extends boolean = boolean> =
  Signature<Need, R, Imm> | Chain<Need, R, Imm> | Group<Need, R, Imm> | Chord<Need, R, Imm>;

/** The same kind of canvas, lacking something else. */
export type Rebound<S, Need extends readonly unknown[]> = S extends { readonly kind: 'task' }
  ? Signature<Need, ResultOf<S>, ImmutableOf<S>>
  : S extends { readonly kind: 'chain' }
    ? Chain<Need, ResultOf<S>, ImmutableOf<S>>
    : S extends { readonly kind: 'group' }
      ? Group<Need, ResultOf<S>, ImmutableOf<S>>
      : Chord<Need, ResultOf<S>, ImmutableOf<S>>;

/** What `a.pipe(b)` gives: a group becomes a chord, all else a chain. */
export type Piped<S, N> = S extends { readonly kind: 'group' }
  ? Chord<NeedOf<S>, ResultOf<N>, ImmutableOf<S>>
  : Chain<NeedOf<S>, ResultOf<N>, ImmutableOf<S>>;

/** What an error callback may be: it gets the id of the failed task, or takes nothing. */
export type LinkToError = Canvas<[failedId: string], unknown, false> | Canvas<[], unknown, true>;

/** What `clone` may change. */
export interface CloneParts {
  /** Over those it has. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Over those it has; a group id and stamps it already has never change. */
  readonly options?: ApplyAsyncOptions;
}

/** What every canvas can do. Nothing changes the canvas itself: each gives a new one. */
export interface CanvasMethods {
  /**
   * The same canvas with these options over its own.
   * @example mail.send.s('a@b.c', 'hi').set({ queue: 'urgent', countdown: '10s' })
   * @throws InvalidOptionError for an unknown name or a bad value
   */
  set(options: ApplyAsyncOptions): this;

  /**
   * A copy, with more of its arguments in front of those it has. For a chain they are its first step's, for a group every
   * member's, for a chord the header's; an immutable one takes the options only.
   * @example math.add.s(2).clone({ args: [1] }) // add(1, 2)
   */
  clone(parts?: CloneParts): this;
  clone<S extends Part, const G extends Suffix<NeedOf<S>>>(
    this: S,
    parts: CloneParts & { readonly args: G },
  ): Rebound<S, NeedFor<NeedOf<S>, G>>;

  /**
   * The same canvas with callbacks, sent when it has succeeded, its result in front of their arguments. A chain's belong to
   * its last step, a chord's to its body, a group's to its first member. One that is there already is not added again.
   * @throws InvalidCanvasError for a callback that is no canvas
   */
  link<S extends Part, N extends readonly Part[]>(this: S, ...callbacks: Callbacks<ResultOf<S>, N>): S;

  /**
   * The same canvas with error callbacks, sent when it has failed for good, the failed task's id in front of their
   * arguments. A chain's belong to every step (the one that fails calls them), a group's to every member, a chord's to its body.
   * @throws InvalidCanvasError for a callback that is no canvas
   */
  linkError(...errbacks: LinkToError[]): this;

  /** The same canvas, stamped: see `stamp()`. */
  stamp(stamps: Stamps | StampingVisitor, options?: StampOptions): this;

  /**
   * This canvas, then that one: `a.pipe(b)` is `chain(a, b)`. A group that something follows is a chord.
   * @example math.add.s(1, 2).pipe(math.add.s(3)).pipe(mail.report.s())
   */
  pipe<S extends Part, N extends Part>(this: S, next: N & Step<ResultOf<S>, N>): Piped<S, N>;

  /** Celery's dictionary, so that a signature can be an argument of a task. */
  toJSON(): unknown;
}
