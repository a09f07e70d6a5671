import { HANDED_MS, LEASE_MS, type ConcurrencyWish, type Wish } from './limit-store.js';
import { spread } from './rate-bucket.js';

/** The runs under one limit on concurrency, and the messages that were put away behind them. */
export class RunLine {
  /** Permits, and those handed to a ticket that is on its way, with the end of each. */
  readonly #runs = new Map<string, number>();
  /** Mark by ticket, in the order of their coming. */
  readonly #line = new Map<string, string>();

  get idle(): boolean {
    return this.#runs.size === 0 && this.#line.size === 0;
  }

  hasRoom({ ticket, permit }: Wish, { max }: ConcurrencyWish, nowMs: number): boolean {
    for (const [run, untilMs] of this.#runs) if (untilMs <= nowMs) this.#runs.delete(run);
    return this.#runs.has(handedTo(ticket)) || this.#runs.has(permit) || this.#runs.size < max;
  }

  enter({ ticket, permit }: Wish, nowMs: number): void {
    this.#runs.delete(handedTo(ticket));
    this.#line.delete(ticket);
    this.#runs.set(permit, nowMs + LEASE_MS);
  }

  /** Until it is to ask again, if it was not recalled: those in front soon, lest a dead worker's permits wait for long. */
  waitMs({ ticket }: Wish, { max }: ConcurrencyWish, random: number): number {
    let before = 0;
    for (const each of this.#line.keys()) {
      if (each === ticket || before > 2 * max) break;
      before += 1;
    }
    return before < 2 * max ? LEASE_MS : spread(random);
  }

  /** It keeps its place if it has one. */
  lineUp({ ticket }: Wish, mark: string): void {
    this.#line.set(ticket, mark);
  }

  /** The mark of a message that was handed a permit before it was put away. */
  wasHanded({ ticket }: Wish): boolean {
    return this.#runs.has(handedTo(ticket));
  }

  renew({ permit }: Wish, nowMs: number): void {
    this.#runs.set(permit, nowMs + LEASE_MS);
  }

  leave({ permit }: Wish): void {
    this.#runs.delete(permit);
  }

  forget({ ticket }: Wish): void {
    this.#line.delete(ticket);
    this.#runs.delete(handedTo(ticket));
  }

  /** Hands what is free to those in front; their marks. */
  serve({ max }: ConcurrencyWish, nowMs: number): string[] {
    const marks: string[] = [];
    for (const [ticket, mark] of this.#line) {
      if (this.#runs.size >= max) break;
      this.#line.delete(ticket);
      this.#runs.set(handedTo(ticket), nowMs + HANDED_MS);
      marks.push(mark);
    }
    return marks;
  }
}

function handedTo(ticket: string): string {
  return `to ${ticket}`;
}
