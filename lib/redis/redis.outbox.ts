import { ChurnSet } from '../runtime/churn.set.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { failureKind } from './redis.failures.js';

export interface OutboxOptions<Item, Result> {
  readonly clock: Clock;
  /** Whether sending makes sense now. `wake()` must be called when it becomes true. */
  readonly ready: () => boolean;
  /** Sends many in one go; one outcome for each item, in order. A rejection counts for all of them. */
  readonly send: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;
  /** An item whose answer never came may be sent again without harm. */
  readonly repeatable: boolean;
  /** What an item that was not settled at its deadline settles with. */
  readonly late: (item: Item, sent: boolean) => Result | Error;
  /** Told of each item as it is settled, and has the last word on what with. Default: as it came. */
  readonly settled?: (item: Item, outcome: Result | Error) => Result | Error;
  readonly weigh: (item: Item) => number;
  readonly maxItems: number;
  readonly maxWeight: number;
  /** Sendings under way at a time. While they are, further items gather for the next one. */
  readonly window: number;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly deadline: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  sent: boolean;
  settled: boolean;
}

/**
 * Gathers what is asked for in one turn of the event loop and sends it together; keeps it while there is no connection;
 * settles every item by its deadline with a single timer for all.
 */
export class Outbox<Item, Result> {
  readonly #options: OutboxOptions<Item, Result>;
  #waiting: Entry<Item, Result>[] = [];
  readonly #open = new ChurnSet<Entry<Item, Result>>();
  #underWay = 0;
  #scheduled = false;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #emptied: (() => void)[] = [];

  constructor(options: OutboxOptions<Item, Result>) {
    this.#options = options;
  }

  /** Items not sent yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(item: Item, limitMs: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      const deadline = this.#options.clock.monotonicMs() + limitMs;
      const entry = { item, deadline, resolve, reject, sent: false, settled: false };
      this.#waiting.push(entry);
      this.#open.add(entry);
      if (deadline < this.#timerAt) this.#armTimer(deadline);
      this.#schedule();
    });
  }

  /** Sends what waits, if it can. */
  wake(): void {
    this.#schedule();
  }

  /** Resolves when every item has settled. */
  drained(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Settles every item as at its deadline, now. */
  giveUp(): void {
    this.#waiting = [];
    for (const entry of this.#open) this.#settle(entry, this.#options.late(entry.item, entry.sent));
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#underWay < this.#options.window && this.#options.ready()) {
        void this.#send(this.#takeBatch());
      }
    });
  }

  #takeBatch(): Entry<Item, Result>[] {
    const { maxItems, maxWeight, weigh } = this.#options;
    let weight = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      weight += weigh(entry.item);
      if (count > 0 && (count >= maxItems || weight > maxWeight)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count).filter((entry) => !entry.settled);
  }

  async #send(batch: readonly Entry<Item, Result>[]): Promise<void> {
    if (batch.length === 0) return;
    this.#underWay += 1;
    for (const entry of batch) entry.sent = true;
    let outcomes: readonly (Result | Error)[];
    try {
      outcomes = await this.#options.send(batch.map((entry) => entry.item));
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      outcomes = batch.map(() => failure);
    }
    this.#underWay -= 1;
    const again: Entry<Item, Result>[] = [];
    batch.forEach((entry, index) => {
      const outcome = outcomes[index] ?? new Error('Redis gave no answer for this item');
      if (outcome instanceof Error && this.#mayRepeat(outcome)) again.push(entry);
      else this.#settle(entry, outcome);
    });
    for (const entry of again) entry.sent = this.#options.repeatable && entry.sent;
    if (again.length > 0) this.#waiting = [...again.filter((entry) => !entry.settled), ...this.#waiting];
    this.#schedule();
  }

  #mayRepeat(error: Error): boolean {
    const kind = failureKind(error);
    return kind === 'unsent' || (kind === 'unknown' && this.#options.repeatable);
  }

  #settle(entry: Entry<Item, Result>, outcome: Result | Error): void {
    if (entry.settled) return;
    entry.settled = true;
    this.#open.delete(entry);
    const { settled } = this.#options;
    const end = settled === undefined ? outcome : settled(entry.item, outcome);
    if (end instanceof Error) entry.reject(end);
    else entry.resolve(end);
    if (this.#open.size > 0) return;
    this.#timer?.cancel();
    this.#timerAt = Number.POSITIVE_INFINITY;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  #armTimer(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#options.clock.after(Math.max(0, at - this.#options.clock.monotonicMs()), () =>
      this.#expire(),
    );
  }

  #expire(): void {
    const now = this.#options.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#open) {
      if (entry.deadline <= now) this.#settle(entry, this.#options.late(entry.item, entry.sent));
      else if (entry.deadline < next) next = entry.deadline;
    }
    this.#waiting = this.#waiting.filter((entry) => !entry.settled);
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (next < Number.POSITIVE_INFINITY) this.#armTimer(next);
  }
}
