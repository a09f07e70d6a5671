import type { Clock, Timer } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import type { ScheduleStore, Term } from './schedule.store.js';

export interface LeadershipDeps {
  readonly store: ScheduleStore;
  /** Unlike any other beat's. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** @param gapMs since the last sign of life of a leader; undefined: there was none before */
  readonly onWon: (term: Term, gapMs: number | undefined) => void;
  readonly onLost: () => void;
}

/** How often one who waits asks again at least: the lease of a leader that stopped properly ends early. */
const ASK_MS = 1_000;
/** A lease has ended a little after it says. */
const MARGIN_MS = 10;

/** Asks for the term until it is ours, keeps it, and asks again once it is lost. */
export class Leadership {
  readonly #deps: LeadershipDeps;
  #term: Term | undefined;
  /** The lease may have ended by then; monotonic. */
  #untilMs = 0;
  #heardMs: number;
  #timer: Timer | undefined;
  #asking = false;
  #stopped = true;
  #complained = false;

  constructor(deps: LeadershipDeps) {
    this.#deps = deps;
    this.#heardMs = deps.clock.monotonicMs();
  }

  /** Undefined: another leads, or nobody. */
  get term(): Term | undefined {
    return this.#term;
  }

  /** ms since the store last answered. */
  get silentMs(): number {
    return this.#deps.clock.monotonicMs() - this.#heardMs;
  }

  start(): void {
    this.#stopped = false;
    void this.#ask();
  }

  /** The term may be free. */
  look(): void {
    if (this.#term === undefined) void this.#ask();
  }

  /** The store said that this term is over. */
  lose(term: Term): void {
    if (this.#term !== term) return;
    this.#deps.log.warn('Beat: another beat leads now. This one waits.');
    this.#end();
  }

  /** Gives the term back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    const term = this.#term;
    this.#term = undefined;
    if (term !== undefined) await this.#deps.store.endTerm(term).catch(() => undefined);
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#stopped || this.#term !== undefined) return;
    this.#asking = true;
    this.#timer?.cancel();
    const { store, owner, leaseMs, clock, log, onWon } = this.#deps;
    const askedMs = clock.monotonicMs();
    try {
      const answer = await store.takeTerm(owner, leaseMs);
      this.#heard();
      if (answer.kind === 'held') {
        this.#later(Math.min(answer.forMs + MARGIN_MS, ASK_MS), () => void this.#ask());
      } else if (this.#stopped) {
        await store.endTerm(answer.term).catch(() => undefined);
      } else {
        this.#term = answer.term;
        this.#untilMs = askedMs + leaseMs;
        this.#later(leaseMs / 3, () => void this.#keep(answer.term));
        log.log(`Beat: leads (term ${answer.term.fence}).`);
        onWon(answer.term, answer.gapMs);
      }
    } catch (error) {
      this.#complain(error);
      this.#later(ASK_MS, () => void this.#ask());
    } finally {
      this.#asking = false;
    }
  }

  async #keep(term: Term): Promise<void> {
    const { store, leaseMs, clock } = this.#deps;
    const askedMs = clock.monotonicMs();
    let kept: boolean | undefined;
    try {
      kept = await store.keepTerm(term, leaseMs);
      this.#heard();
    } catch (error) {
      this.#complain(error);
    }
    if (this.#term !== term || this.#stopped) return;
    if (kept === false) return this.lose(term);
    if (kept === true) this.#untilMs = askedMs + leaseMs;
    else if (clock.monotonicMs() >= this.#untilMs) {
      // Another may lead by now. What is on its way is judged by the store.
      this.#deps.log.warn('Beat: the lease could not be renewed in time. This beat waits.');
      return this.#end();
    }
    this.#later(kept === true ? leaseMs / 3 : Math.min(ASK_MS, leaseMs / 6), () => void this.#keep(term));
  }

  #end(): void {
    this.#timer?.cancel();
    this.#term = undefined;
    this.#deps.onLost();
    this.#later(MARGIN_MS, () => void this.#ask());
  }

  #later(delayMs: number, run: () => void): void {
    this.#timer?.cancel();
    if (!this.#stopped) this.#timer = this.#deps.clock.after(delayMs, run);
  }

  #heard(): void {
    this.#heardMs = this.#deps.clock.monotonicMs();
    if (this.#complained) this.#deps.log.log('Beat: the schedule store answers again.');
    this.#complained = false;
  }

  /** Once for each outage. */
  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#deps.log.warn(`Beat: ${messageOf(error)}. It is tried again.`);
  }
}
