import type { ResultBackend } from '../backend/result-backend.js';
import {
  BackendUnavailableError,
  BrokerUnavailableError,
  PublishError,
  ScheduleStoreError,
} from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import { whatIsDue, type Due } from './due.js';
import type { Entry } from './entry.js';
import { stillRuns } from './previous-run.js';
import type { Control, MoveOutcome, Term } from './schedule.store.js';
import type { Seat } from './seat.js';
import { TickSender, type DueTick, type TickSenderDeps } from './tick.sender.js';

export interface TickRunnerDeps extends TickSenderDeps {
  /** Tells whether the run before is over. */
  readonly backend: ResultBackend | undefined;
  readonly resultExpiresMs: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a beat leads by. */
export interface Reign {
  readonly term: Term;
  /** No beat was there until then: what came due before was missed. */
  readonly awakeSinceMs: number;
}

/** What a clock is behind the one that the last tick was sent by, before intervals begin anew. */
const BEHIND_MS = 1_000;

/** Does what is due of one entry, a step at a time. */
export class TickRunner {
  readonly #sender: TickSender;
  #sent = 0;

  constructor(private readonly deps: TickRunnerDeps) {
    this.#sender = new TickSender(deps);
  }

  /** Ticks sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** When to look at the entry again, now if there is something to do; undefined: never. */
  nextLook(seat: Seat, control: Control, { awakeSinceMs }: Reign): number | undefined {
    const { entry } = seat;
    if (entry === undefined) return undefined;
    const nowMs = this.deps.clock.now();
    if (isUnfinished(seat) || isAhead(seat, entry, nowMs)) return nowMs;
    const due = this.#due(seat, entry, control, awakeSinceMs);
    return due.kind === 'wait' ? due.untilMs : nowMs;
  }

  /**
   * @returns `idle` when nothing is due, else what the store said
   * @throws what passes by itself (see `isOutage`): the step is to be repeated
   */
  async step(seat: Seat, entry: Entry, control: Control, reign: Reign): Promise<MoveOutcome | 'idle'> {
    const { clock, log } = this.deps;
    const { term, awakeSinceMs } = reign;
    const { state } = seat;
    const nowMs = clock.now();
    const right = { term, controlRevision: control.revision, seat };
    const move = (to: Partial<Seat['state']>): Promise<MoveOutcome> =>
      this.#sender.move(right, { ...state, sendingMs: undefined, ...to });
    const send = (instantMs: number): Promise<MoveOutcome> =>
      this.#send({ ...right, entry, instantMs, nowMs });

    if (seat.sent !== undefined) return move(seat.sent);
    if (state.sendingMs !== undefined && !seat.unsent) return send(state.sendingMs);
    if (isAhead(seat, entry, nowMs)) return move({ cursorMs: nowMs });

    const due = this.#due(seat, entry, control, awakeSinceMs);
    if (due.kind === 'wait') return 'idle';
    if (due.kind === 'giveUp') {
      const through = new Date(due.throughMs).toISOString();
      log.warn(
        `Periodic task "${entry.name}": ticks up to ${through} were missed and are given up (catchUp: ${entry.catchUp}).`,
      );
      return move({ cursorMs: due.throughMs });
    }
    if (entry.overlap === 'skip' && (await this.#stillRuns(seat, entry, nowMs))) {
      log.log(`Periodic task "${entry.name}" is left out: its run before, ${state.lastTaskId}, is not over.`);
      return move({ cursorMs: due.instantMs, skippedCount: state.skippedCount + 1 });
    }
    return send(due.instantMs);
  }

  async #send(tick: DueTick): Promise<MoveOutcome> {
    const { log } = this.deps;
    const { entry, seat, instantMs } = tick;
    try {
      const outcome = await this.#sender.send(tick);
      if (outcome !== 'moved') return outcome;
      this.#sent += 1;
      log.debug(`Scheduler: Sending due task ${entry.name} (${entry.call.task})`);
      return outcome;
    } catch (error) {
      if (isOutage(error)) throw error;
      // As in Celery, a tick that cannot be sent at all is told of and not repeated.
      const reason = messageOf(error);
      log.error(`Periodic task "${entry.name}" could not be sent: ${reason}`);
      const cursorMs = Math.max(instantMs, seat.state.cursorMs);
      return this.#sender.move(tick, { ...seat.state, cursorMs, sendingMs: undefined });
    }
  }

  #stillRuns({ state }: Seat, { call }: Entry, nowMs: number): Promise<boolean> {
    const { backend, resultExpiresMs } = this.deps;
    return stillRuns(state, nowMs, { backend, resultExpiresMs, expiresInMs: call.options.expiresInMs });
  }

  #due({ stored, state }: Seat, entry: Entry, control: Control, awakeSinceMs: number): Due {
    return whatIsDue(entry, {
      cursorMs: state.cursorMs,
      floorMs: Math.max(stored.floorMs, control.floorMs),
      awakeSinceMs,
      nowMs: this.deps.clock.now(),
    });
  }
}

/** A tick was begun and is not recorded as sent. */
function isUnfinished({ sent, unsent, state }: Seat): boolean {
  return sent !== undefined || (state.sendingMs !== undefined && !unsent);
}

/** The clock was set back. Calendar ticks are not sent twice; an interval does not wait until it comes to where it was. */
function isAhead({ state }: Seat, { schedule }: Entry, nowMs: number): boolean {
  return schedule.kind === 'interval' && state.cursorMs > nowMs + BEHIND_MS;
}

/** It passes: the tick is sent after it, by its catch-up rule. */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof ScheduleStoreError ||
    error instanceof BrokerUnavailableError ||
    error instanceof PublishError ||
    error instanceof BackendUnavailableError
  );
}
