import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import { declareEntries } from './declared.js';
import { readDefinition } from './definition.js';
import { openEntry, type Entry, type EntryDefaults } from './entry.js';
import type { EntryOptions } from './entry.options.js';
import { INITIAL_CONTROL, type Control, type ScheduleStore, type StoredEntry } from './schedule.store.js';
import { handOver, seatFor, type Seat } from './seat.js';

export interface RosterDeps {
  readonly store: ScheduleStore;
  /** Entries of the code. */
  readonly declared: ReadonlyMap<string, EntryOptions>;
  readonly defaults: EntryDefaults;
  /** @throws for an entry that this app cannot run */
  readonly check: (entry: Entry) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Reading {
  /** False: what is being read is wanted no more. */
  readonly wanted: () => boolean;
  readonly onSeat: (seat: Seat) => void;
  readonly onGone: (name: string) => void;
}

/** Entries read before other work gets its turn. */
const AT_A_TIME = 200;

/** The entries of the store as a leading beat runs them. One that cannot be read is told of by name, and harms no other. */
export class Roster {
  readonly seats = new Map<string, Seat>();
  readonly problems = new Map<string, string>();
  #control = INITIAL_CONTROL;

  constructor(private readonly deps: RosterDeps) {}

  get control(): Control {
    return this.#control;
  }

  clear(): void {
    this.seats.clear();
    this.problems.clear();
  }

  /**
   * Everything, after what the code declares has been put into the store.
   * @throws ScheduleStoreError
   */
  async readAll(reading: Reading): Promise<void> {
    const { store, declared, defaults, clock, log } = this.deps;
    const refused = new Map<string, string>();
    await declareEntries({
      store,
      declared,
      defaults,
      nowMs: clock.now(),
      onProblem: (name, problem) => void refused.set(name, problem),
      log,
    });
    const { entries, control } = await store.read();
    this.#control = control;
    const found = new Set(entries.map(({ name }) => name));
    for (const [index, stored] of entries.entries()) {
      if (index % AT_A_TIME === AT_A_TIME - 1) await nextTurn();
      if (!reading.wanted()) return;
      await this.#seat(stored, reading);
    }
    for (const name of this.seats.keys()) if (!found.has(name)) this.#remove(name, reading);
    for (const [name, problem] of refused) this.#report(name, problem);
  }

  /** @throws ScheduleStoreError */
  async readOne(name: string, reading: Reading): Promise<void> {
    const stored = await this.deps.store.readEntry(name);
    if (!reading.wanted()) return;
    if (stored === undefined) this.#remove(name, reading);
    else await this.#seat(stored, reading);
  }

  async #seat(stored: StoredEntry, { wanted, onSeat }: Reading): Promise<void> {
    const { name } = stored;
    const old = this.seats.get(name);
    if (old?.stored.revision === stored.revision && old.text === stored.state) return onSeat(old);
    let seat: Seat;
    try {
      const entry = await openEntry(name, readDefinition(stored.document), this.deps.defaults);
      this.deps.check(entry);
      seat = seatFor(stored, entry);
      if (wanted()) this.problems.delete(name);
    } catch (error) {
      seat = seatFor({ ...stored, state: '' }, undefined);
      if (wanted()) this.#report(name, messageOf(error));
    }
    if (!wanted()) return;
    if (old !== undefined) handOver(old, seat);
    this.seats.set(name, seat);
    onSeat(seat);
  }

  #remove(name: string, { onGone }: Reading): void {
    this.seats.delete(name);
    this.problems.delete(name);
    onGone(name);
  }

  #report(name: string, problem: string): void {
    if (this.problems.get(name) === problem) return;
    this.problems.set(name, problem);
    this.deps.log.error(`Periodic task "${name}" does not run: ${problem}`);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
