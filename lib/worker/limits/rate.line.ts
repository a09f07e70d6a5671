import type { RateWish } from './limit-store.js';
import { LONGEST_WAIT_MS, spread } from './rate-bucket.js';

export interface AskFacts {
  readonly nowMs: number;
  /** Messages may come back so much after the time they were told. */
  readonly slackMs: number;
  /** 0 ≤ random < 1. */
  readonly random: number;
}

/**
 * The starts under one rate limit, each promised to a message (the generic cell rate algorithm). Starts are counted a second
 * time as they happen, so that promises kept late do not come in a heap.
 */
export class RateLine {
  #intervalMs = 0;
  /** Up to here starts are promised. */
  #promisedMs = 0;
  /** Up to here starts have been used. */
  #usedMs = 0;
  /** By ticket. */
  readonly #turns = new Map<string, number>();

  /** Nobody waits, and the next start is free. */
  idle(nowMs: number): boolean {
    return this.#turns.size === 0 && Math.max(this.#promisedMs, this.#usedMs) <= nowMs;
  }

  /** How long it has to wait; 0: it may start, and `start` is to be called. */
  waitMs(ticket: string, wish: RateWish, { nowMs, slackMs, random }: AskFacts): number {
    const { intervalMs, burst } = wish;
    // A new rate counts anew; who was promised a start keeps it.
    if (this.#intervalMs !== intervalMs) this.#promisedMs = 0;
    this.#intervalMs = intervalMs;
    const ahead = (burst - 1) * intervalMs;
    const turnMs = this.#turns.get(ticket);
    const mayStart = this.#usedMs - ahead - slackMs <= nowMs;
    if (turnMs === undefined ? mayStart && this.#promisedMs - ahead <= nowMs : mayStart && turnMs <= nowMs)
      return 0;
    if (turnMs !== undefined && turnMs > nowMs) return turnMs - nowMs;
    const lastMs = Math.max(this.#promisedMs, this.#usedMs);
    const dueMs = Math.max(lastMs - ahead, nowMs);
    if (dueMs - nowMs > LONGEST_WAIT_MS) {
      this.#turns.delete(ticket);
      return spread(random);
    }
    this.#turns.set(ticket, dueMs);
    this.#promisedMs = Math.max(lastMs, nowMs) + intervalMs;
    return Math.max(1, dueMs - nowMs);
  }

  start(ticket: string, { intervalMs }: RateWish, nowMs: number): void {
    if (!this.#turns.delete(ticket)) this.#promisedMs = Math.max(this.#promisedMs, nowMs) + intervalMs;
    this.#usedMs = Math.max(this.#usedMs, nowMs) + intervalMs;
  }

  forget(ticket: string): void {
    if (this.#turns.delete(ticket)) this.#promisedMs -= this.#intervalMs;
  }
}
