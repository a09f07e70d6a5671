import { Ignore, Reject, Retry } from '../task/task.signals.js';
import { readRetryOptions, type RetryOptions, type TaskContext } from './task.context.js';

/**
 * What a batch task's method takes: one item for each message, in the order of their arrival.
 *
 * Not to be changed, and of use during the call only. `A`: the arguments of one call, which is what callers give.
 */
export type Batch<A extends unknown[] = unknown[]> = readonly BatchItem<A>[];

/**
 * What a batch task's method may return: for each item, in the same order, its result or its verdict. A method that returns
 * nothing gives every item the result `null`.
 */
export type BatchResults<R> = readonly (R | ItemVerdict)[];

/** The attempt at one message: what `TaskContext` has, without what would end all of them. */
export type ItemContext = Omit<
  TaskContext,
  'retry' | 'replace' | 'as' | 'run' | 'steered' | 'noteChild' | 'escaped'
>;

/** How an item ends other than by a result. Made by the item, returned in its place. */
export class ItemVerdict {
  constructor(
    /** What the task of a single message would throw to end so. */
    readonly thrown: unknown,
  ) {}
}

/** One message of a batch. */
export class BatchItem<A extends unknown[] = unknown[]> {
  readonly #task: TaskContext;

  constructor(
    task: TaskContext,
    /** The arguments of the call: as `params` orders them, else as they came. */
    readonly args: A,
  ) {
    this.#task = task;
  }

  get id(): string {
    return this.#task.id;
  }
  /** Retries before this attempt: 0 on the first. */
  get retries(): number {
    return this.#task.retries;
  }
  /** Its own context: headers, delivery, `updateState`, `send`, and the signal that is aborted when it is no longer wanted. */
  get task(): ItemContext {
    return this.#task;
  }

  /**
   * Runs this message again later; the others are not concerned. Return it in the item's place.
   * @throws InvalidOptionError for an unknown option
   */
  retry(options: RetryOptions = {}): ItemVerdict {
    return new ItemVerdict(new Retry(readRetryOptions(options)));
  }

  /** Fails it, or retries it where the error is one of the task's `autoretryFor`. Return it in the item's place. */
  fail(error: unknown): ItemVerdict {
    return new ItemVerdict(error);
  }

  /** As `Reject`: dead-letters its message, or hands it out again. Return it in the item's place. */
  reject(reason?: string, options?: { readonly requeue?: boolean }): ItemVerdict {
    return new ItemVerdict(new Reject(reason, options));
  }

  /** As `Ignore`: settles its message and stores nothing. Return it in the item's place. */
  ignore(): ItemVerdict {
    return new ItemVerdict(new Ignore());
  }
}
