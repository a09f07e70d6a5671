/** What a request wishes for under the limits of its task that hold for all workers together. */
export interface Wish {
  /** Its message, whichever worker has it. */
  readonly ticket: string;
  /** The request itself: unlike any other of any worker. */
  readonly permit: string;
  readonly rate: RateWish | undefined;
  readonly concurrency: ConcurrencyWish | undefined;
}

export interface RateWish {
  /** Of the task and its key. */
  readonly key: string;
  readonly intervalMs: number;
  readonly burst: number;
}

export interface ConcurrencyWish {
  /** Of the task and its key. */
  readonly key: string;
  readonly max: number;
}

export type Answer =
  | { readonly answer: 'go' }
  /** Its start is kept for it, or the line is longer than anyone can promise: it is to ask again then. */
  | { readonly answer: 'rate'; readonly waitMs: number }
  /** As many run as may: it is to be put away, and to ask again then if it was not recalled before. */
  | { readonly answer: 'concurrency'; readonly waitMs: number };

/**
 * Counts starts and runs for all workers. Everything a wish asks for is granted together or not at all.
 *
 * Promises, checked by `test/conformance/limit-store.conformance.ts`:
 * - Never more than `max` with a permit; one that is neither given back nor renewed ends after `LEASE_MS`.
 * - Starts keep to their rate, but for `burst` at once; each message gets one start, at the time it was told.
 * - Who was put away first comes first, and comes as soon as a permit is free.
 */
export interface LimitStore {
  /** @throws when the store cannot be reached: nothing is granted then, as far as anyone knows */
  ask(wish: Wish): Promise<Answer>;
  /**
   * What `ask` would answer, for a message that nobody has taken: nothing is granted, but a start that is kept for it is kept.
   * @throws as `ask`
   */
  promise(wish: Wish): Promise<Answer>;
  /** Its message was put away under this mark, to be recalled when its turn has come: now, perhaps. */
  lineUp(wish: Wish, mark: string): Promise<void>;
  /** The permit is free again. @param ranMs how long it was used; undefined: for nothing */
  leave(wish: Wish, ranMs: number | undefined): Promise<void>;
  /** Its message will not come again: what was kept for it is others'. */
  forget(wish: Wish): Promise<void>;
  /** Those that went are still at it. */
  renew(wishes: readonly Wish[]): Promise<void>;
}

/** A permit that nobody renews comes back after this: its worker is gone. */
export const LEASE_MS = 30_000;
/** A permit waits so long for the message it was handed to. */
export const HANDED_MS = 10_000;

export const GO: Answer = Object.freeze({ answer: 'go' });
