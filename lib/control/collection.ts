import type { Clock, Timer } from '../runtime/clock.js';
import type { NodeReply } from './reply.js';

export interface CollectionRules {
  /** Without a new reply for so long, it is over. */
  readonly timeoutMs: number;
  /** So many replies are enough. */
  readonly limit: number;
  /** Undefined: not known. */
  readonly expected: ReadonlySet<string> | undefined;
  /** Once all expected have answered, it stays open so long for others. Default 0. */
  readonly quietMs?: number;
}

/** However many answer, and however long they go on. */
const MOST_REPLIES = 10_000;
const MOST_TIMEOUTS = 10;

/** The replies to one request, as they come. */
export class Collection {
  readonly #clock: Clock;
  readonly #rules: CollectionRules;
  readonly #replies: NodeReply[] = [];
  readonly #missing: Set<string> | undefined;
  readonly #endMs: number;
  readonly #end: (timedOut: boolean) => void;
  #timer: Timer | undefined;

  /** @param end called once, when all are there, or the time is over */
  constructor(clock: Clock, rules: CollectionRules, end: (timedOut: boolean) => void) {
    this.#clock = clock;
    this.#rules = rules;
    this.#end = end;
    this.#missing = rules.expected === undefined ? undefined : new Set(rules.expected);
    this.#endMs = clock.monotonicMs() + rules.timeoutMs * MOST_TIMEOUTS;
  }

  get replies(): readonly NodeReply[] {
    return this.#replies;
  }

  /** From here on time counts. */
  start(): void {
    const restMs = this.#endMs - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(Math.min(this.#rules.timeoutMs, restMs), () => this.#end(true));
  }

  add(reply: NodeReply): void {
    this.#timer?.cancel();
    this.#replies.push(reply);
    this.#missing?.delete(reply.hostname);
    const enough = this.#replies.length >= Math.min(this.#rules.limit, MOST_REPLIES);
    const complete = this.#missing?.size === 0;
    const { quietMs = 0 } = this.#rules;
    if (enough || (complete && quietMs === 0)) this.#end(false);
    else if (complete) this.#timer = this.#clock.after(quietMs, () => this.#end(false));
    else this.start();
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
