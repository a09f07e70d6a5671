import type { Clock } from '../../runtime/clock.js';
import { GO, type Answer, type LimitStore, type RateWish, type Wish } from './limit-store.js';
import { RateLine } from './rate.line.js';
import { RunLine } from './run.line.js';

/** What the workers of one broker in this process share. */
export class MemoryLines {
  readonly rates = new Map<string, RateLine>();
  readonly runs = new Map<string, RunLine>();
  asked = 0;

  /** Those of brokers whose workers are all in this process, by the place they share. */
  static readonly #at = new WeakMap<object, MemoryLines>();

  static at(place: object): MemoryLines {
    const lines = MemoryLines.#at.get(place) ?? new MemoryLines();
    MemoryLines.#at.set(place, lines);
    return lines;
  }
}

export interface MemoryLimitStoreDeps {
  readonly lines: MemoryLines;
  readonly recall: (marks: readonly string[]) => void;
  readonly clock: Clock;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
}

/** The reference implementation: counts in this process. */
export class MemoryLimitStore implements LimitStore {
  constructor(private readonly deps: MemoryLimitStoreDeps) {}

  async promise(wish: Wish): Promise<Answer> {
    return this.#answer(wish, this.#nowMs());
  }

  async ask(wish: Wish): Promise<Answer> {
    const { lines } = this.deps;
    const nowMs = this.#nowMs();
    lines.asked += 1;
    if (lines.asked % SWEEP_EVERY === 0) this.#sweep();
    const answer = this.#answer(wish, nowMs);
    const runs = this.#runsOf(wish);
    switch (answer.answer) {
      case 'concurrency':
        return answer;
      case 'rate':
        // Another may have the permit that it was handed.
        runs?.forget(wish);
        break;
      case 'go':
        if (wish.rate !== undefined) this.#startsOf(wish.rate).start(wish.ticket, wish.rate, nowMs);
        runs?.enter(wish, nowMs);
    }
    this.#serve(wish);
    return answer;
  }

  async lineUp(wish: Wish, mark: string): Promise<void> {
    const runs = this.#runsOf(wish);
    if (runs?.wasHanded(wish) === true) return this.deps.recall([mark]);
    runs?.lineUp(wish, mark);
    this.#serve(wish);
  }

  async leave(wish: Wish): Promise<void> {
    this.#runsOf(wish)?.leave(wish);
    this.#serve(wish);
  }

  async forget(wish: Wish): Promise<void> {
    if (wish.rate !== undefined) this.deps.lines.rates.get(wish.rate.key)?.forget(wish.ticket);
    this.#runsOf(wish)?.forget(wish);
    this.#serve(wish);
  }

  async renew(wishes: readonly Wish[]): Promise<void> {
    for (const wish of wishes) this.#runsOf(wish)?.renew(wish, this.#nowMs());
  }

  #answer(wish: Wish, nowMs: number): Answer {
    const { concurrency, rate, ticket } = wish;
    const random = this.deps.random();
    const runs = this.#runsOf(wish);
    if (runs !== undefined && concurrency !== undefined && !runs.hasRoom(wish, concurrency, nowMs))
      return { answer: 'concurrency', waitMs: runs.waitMs(wish, concurrency, random) };
    if (rate === undefined) return GO;
    const waitMs = this.#startsOf(rate).waitMs(ticket, rate, { nowMs, slackMs: SLACK_MS, random });
    return waitMs > 0 ? { answer: 'rate', waitMs } : GO;
  }

  #startsOf({ key }: RateWish): RateLine {
    return found(this.deps.lines.rates, key, () => new RateLine());
  }

  #serve(wish: Wish): void {
    const { concurrency } = wish;
    const runs = this.#runsOf(wish);
    if (runs === undefined || concurrency === undefined) return;
    const marks = runs.serve(concurrency, this.#nowMs());
    if (marks.length > 0) this.deps.recall(marks);
    if (runs.idle) this.deps.lines.runs.delete(concurrency.key);
  }

  #runsOf({ concurrency }: Wish): RunLine | undefined {
    return concurrency && found(this.deps.lines.runs, concurrency.key, () => new RunLine());
  }

  #sweep(): void {
    const { rates } = this.deps.lines;
    for (const [key, starts] of rates) if (starts.idle(this.#nowMs())) rates.delete(key);
  }

  #nowMs(): number {
    return this.deps.clock.now();
  }
}

/** Timers of one process are late by a few ms at most, but an event loop may be held up. */
const SLACK_MS = 250;
/** Keys that nobody asks for any more are forgotten now and then. */
const SWEEP_EVERY = 10_000;

function found<T>(map: Map<string, T>, key: string, make: () => T): T {
  const made = map.get(key) ?? make();
  map.set(key, made);
  return made;
}
