import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Timer } from '../runtime/clock.js';
import { messageOf } from '../runtime/message-of.js';
import type { Service } from '../runtime/service.js';
import { Slots } from '../runtime/slots.js';
import { Agenda } from './agenda.js';
import type { BeatConfig } from './beat.options.js';
import { ClockWatch } from './clock-watch.js';
import { entryCheck, type EntryCheckDeps } from './entry.check.js';
import type { EntryOptions } from './entry.options.js';
import { Leadership } from './leadership.js';
import { Roster } from './roster.js';
import type { Term } from './schedule.store.js';
import { handOver, isOn, type Seat } from './seat.js';
import { isOutage, TickRunner, type Reign, type TickRunnerDeps } from './tick.runner.js';

export interface BeatDeps extends TickRunnerDeps, EntryCheckDeps {
  /** Entries of the code. */
  readonly declared: ReadonlyMap<string, EntryOptions>;
  readonly config: BeatConfig;
}

/** How a beat is doing, for probes and people. */
export interface BeatStatus {
  readonly running: boolean;
  /** False: another beat leads, and this one waits. */
  readonly leading: boolean;
  /** It looks at its clock, and the store answers. */
  readonly healthy: boolean;
  /** Entries of the leading beat; 0 in one that waits. */
  readonly entries: number;
  /** Entries that never run, and why. */
  readonly problems: ReadonlyMap<string, string>;
  /** When the next entry is due; ms since the epoch. */
  readonly nextMs: number | undefined;
  /** Ticks sent since it was started. */
  readonly sent: number;
}

/** Sends on their way at a time. */
const SENDS = 100;
/** What could not be sent or read is tried again after this, doubled up to the cap. */
const RETRY_MS = 500;
const RETRY_CAP_MS = 10_000;
/** Beyond two leases, what a new leader may be late by. */
const HANDOVER_MS = 1_000;
/** What `stop` still gives sends that are on their way. */
const STOP_LIMIT_MS = 5_000;

/**
 * The scheduler: sends the ticks of every entry in the store while it leads, and waits for its turn otherwise. Any number
 * of them may run on one store. Nothing that an entry, the broker or the store does ends it.
 */
export class Beat implements Service {
  readonly name = 'beat';
  readonly #deps: BeatDeps;
  readonly #roster: Roster;
  readonly #runner: TickRunner;
  readonly #leadership: Leadership;
  readonly #clockWatch: ClockWatch;
  readonly #slots = new Slots(SENDS);
  readonly #agenda = new Agenda();
  /** Entries that are being run. */
  readonly #busy = new Map<string, Promise<void>>();
  #reign: Reign | undefined;
  #timer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  /** Names that changed; undefined among them: anything may have. */
  #changed = new Set<string | undefined>();
  #reading: Promise<void> | undefined;
  #rereadTimer: Timer | undefined;
  #waits = false;
  #lookedMs = 0;
  #running = false;

  constructor(deps: BeatDeps) {
    const { config, store, declared, clock, log } = deps;
    this.#deps = deps;
    this.#roster = new Roster({
      store,
      declared,
      defaults: { timezone: config.timezone, cronStartingDeadlineMs: config.beatCronStartingDeadline },
      check: entryCheck(deps),
      clock,
      log,
    });
    this.#runner = new TickRunner(deps);
    this.#clockWatch = new ClockWatch(clock);
    this.#leadership = new Leadership({
      store,
      owner: `${hostname()}.${process.pid}.${randomUUID()}`,
      leaseMs: config.beatLease,
      clock,
      log,
      onWon: (term, gapMs) => this.#lead(term, gapMs),
      onLost: () => this.#rest(),
    });
  }

  get status(): BeatStatus {
    const { clock, config } = this.#deps;
    const asleepMs = clock.monotonicMs() - this.#lookedMs;
    const inTime = asleepMs <= 2 * config.beatMaxLoopInterval + RETRY_CAP_MS;
    return {
      running: this.#running,
      leading: this.#reign !== undefined,
      healthy: this.#running && inTime && this.#leadership.silentMs <= 3 * config.beatLease,
      entries: this.#roster.seats.size,
      problems: this.#roster.problems,
      nextMs: this.#agenda.nextMs,
      sent: this.#runner.sent,
    };
  }

  /** Begins to ask for its turn. Resolves at once: a store that is down is waited for. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#clockWatch.reset();
    this.#unwatch = this.#deps.store.watch((name) => this.#onChange(name));
    this.#leadership.start();
    this.#look();
  }

  /** Sends what is on its way, then lets another beat lead. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#timer?.cancel();
    this.#rereadTimer?.cancel();
    this.#unwatch?.();
    await new Promise<void>((resolve) => {
      const timer = this.#deps.clock.after(STOP_LIMIT_MS, resolve);
      void Promise.allSettled([...this.#busy.values(), this.#reading]).then(() => {
        timer.cancel();
        resolve();
      });
    });
    await this.#leadership.stop();
    this.#rest();
  }

  #lead(term: Term, gapMs: number | undefined): void {
    const { config, clock, log } = this.#deps;
    // Another beat's time goes on in ours: what came due between us is late, not missed.
    const goesOn = gapMs !== undefined && gapMs <= 2 * config.beatLease + HANDOVER_MS;
    this.#reign = { term, awakeSinceMs: goesOn ? 0 : clock.now() };
    if (gapMs !== undefined && !goesOn) {
      const seconds = Math.round(gapMs / 1000);
      log.warn(`Beat: no beat was there for ${seconds} s. Missed ticks follow their catch-up rules.`);
    }
    this.#changed = new Set([undefined]);
    this.#read();
  }

  #rest(): void {
    this.#reign = undefined;
    this.#agenda.clear();
    this.#roster.clear();
  }

  #onChange(name: string | undefined): void {
    if (name === undefined) this.#leadership.look();
    if (this.#reign === undefined) return;
    this.#changed.add(name);
    this.#read();
  }

  /** One reading at a time; what changes during one is read after it. */
  #read(): void {
    this.#rereadTimer?.cancel();
    this.#reading ??= this.#readChanges().then((done) => {
      this.#reading = undefined;
      if (this.#changed.size === 0 || this.#reign === undefined || !this.#running) return;
      this.#rereadTimer = this.#deps.clock.after(done ? 0 : RETRY_MS, () => this.#read());
    });
  }

  async #readChanges(): Promise<boolean> {
    const reign = this.#reign;
    const changed = this.#changed;
    if (reign === undefined) return true;
    this.#changed = new Set();
    const reading = {
      wanted: () => this.#isCurrent(reign),
      onSeat: (seat: Seat) => this.#plan(seat),
      onGone: (name: string) => this.#agenda.delete(name),
    };
    try {
      if (changed.has(undefined)) await this.#roster.readAll(reading);
      else for (const name of changed) if (name !== undefined) await this.#roster.readOne(name, reading);
      return true;
    } catch (error) {
      for (const name of changed) this.#changed.add(name);
      this.#complain(error);
      return false;
    }
  }

  /** Begins what is due, then sleeps until something else is. */
  #look(): void {
    if (!this.#running) return;
    const { clock, log } = this.#deps;
    this.#lookedMs = clock.monotonicMs();
    const jumpMs = this.#clockWatch.jumpMs();
    if (jumpMs !== 0) {
      const seconds = Math.abs(Math.round(jumpMs / 100)) / 10;
      log.warn(
        `Beat: the clock went ${jumpMs > 0 ? 'forward' : 'back'} by ${seconds} s. Schedules are planned anew.`,
      );
      for (const seat of this.#roster.seats.values()) this.#plan(seat);
    }
    const nowMs = clock.now();
    for (let name = this.#agenda.takeDue(nowMs); name !== undefined; name = this.#agenda.takeDue(nowMs))
      this.#begin(name);
    this.#sleep();
  }

  #sleep(): void {
    if (!this.#running) return;
    const { clock, config } = this.#deps;
    const nextMs = this.#agenda.nextMs ?? Number.POSITIVE_INFINITY;
    const waitMs = Math.min(config.beatMaxLoopInterval, Math.max(0, nextMs - clock.now()));
    this.#timer?.cancel();
    this.#timer = clock.after(waitMs, () => this.#look());
  }

  /** Puts the entry on the agenda, for now if there is something to do. */
  #plan(seat: Seat): void {
    const { name } = seat.stored;
    if (this.#reign === undefined || this.#roster.seats.get(name) !== seat || this.#busy.has(name)) return;
    this.#agenda.delete(name);
    if (!this.#mayRun(seat)) return;
    const atMs = this.#runner.nextLook(seat, this.#roster.control, this.#reign);
    if (atMs !== undefined) this.#put(name, atMs);
  }

  #put(name: string, atMs: number): void {
    const first = this.#agenda.nextMs;
    this.#agenda.set(name, atMs);
    if (first === undefined || atMs < first) this.#sleep();
  }

  #begin(name: string): void {
    const seat = this.#roster.seats.get(name);
    const reign = this.#reign;
    if (seat === undefined || reign === undefined || this.#busy.has(name)) return;
    const run = this.#inSlot(() => this.#run(seat, reign)).then((outcome) => {
      this.#busy.delete(name);
      this.#ended(seat, reign, outcome);
    });
    this.#busy.set(name, run);
  }

  async #inSlot<T>(work: () => Promise<T>): Promise<T> {
    await new Promise<void>((granted) => this.#slots.take(granted));
    return work().finally(() => this.#slots.release());
  }

  /** All that is due of one entry. Never rejects. */
  async #run(seat: Seat, reign: Reign): Promise<'idle' | 'stale' | 'lost' | 'failed'> {
    const { entry } = seat;
    try {
      while (entry !== undefined && this.#isCurrent(reign) && this.#isSeated(seat) && this.#mayRun(seat)) {
        const sentBefore = this.#runner.sent;
        const outcome = await this.#runner.step(seat, entry, this.#roster.control, reign);
        if (outcome !== 'moved') return outcome;
        seat.failures = 0;
        seat.stale = false;
        if (this.#runner.sent > sentBefore) this.#goesOn();
      }
      return 'idle';
    } catch (error) {
      this.#complain(error);
      return 'failed';
    }
  }

  #ended(seat: Seat, reign: Reign, outcome: 'idle' | 'stale' | 'lost' | 'failed'): void {
    const { name } = seat.stored;
    const current = this.#roster.seats.get(name);
    if (current !== undefined) handOver(seat, current);
    if (outcome === 'lost') this.#leadership.lose(reign.term);
    if (!this.#isCurrent(reign) || current !== seat) {
      if (current !== undefined) this.#plan(current);
      return;
    }
    if (outcome === 'stale') {
      // Its own news did not help: then it is something that holds for all.
      this.#changed.add(seat.stale ? undefined : name);
      seat.stale = true;
      this.#read();
    } else if (outcome === 'failed') {
      this.#put(
        name,
        this.#deps.clock.now() + Math.min(RETRY_CAP_MS, RETRY_MS * 2 ** Math.min(seat.failures, 10)),
      );
      seat.failures += 1;
    } else this.#plan(seat);
  }

  #mayRun(seat: Seat): boolean {
    return isOn(seat) && !this.#roster.control.paused;
  }

  #isSeated(seat: Seat): boolean {
    return this.#roster.seats.get(seat.stored.name) === seat;
  }

  #isCurrent(reign: Reign): boolean {
    return this.#running && this.#reign === reign;
  }

  #goesOn(): void {
    if (this.#waits) this.#deps.log.log('Beat: ticks are sent again.');
    this.#waits = false;
  }

  /** Once for each outage. */
  #complain(error: unknown): void {
    const { log } = this.#deps;
    const reason = messageOf(error);
    if (!isOutage(error))
      return log.error(`Beat: ${reason}`, error instanceof Error ? error.stack : undefined);
    if (!this.#waits && this.#running) log.warn(`Beat: ticks wait: ${reason}`);
    this.#waits = true;
  }
}
