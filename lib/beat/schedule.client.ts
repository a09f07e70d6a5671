import type { AnySignature } from '../canvas/call.options.js';
import { InvalidOptionError } from '../errors.js';
import type { AsyncResult } from '../result/async-result.js';
import type { Clock } from '../runtime/clock.js';
import { messageOf } from '../runtime/message-of.js';
import { nearest } from '../runtime/nearest.js';
import { readDefinition, writeDefinition } from './definition.js';
import { openEntry, entryPath, type Entry, type EntryDefaults } from './entry.js';
import type { EntryOptions } from './entry.options.js';
import type { Control, Origin, ScheduleStore, StoredEntry } from './schedule.store.js';
import { dueMs } from './tick.js';
import { decodeState } from './tick.state.js';

export interface ScheduleClientDeps {
  readonly store: ScheduleStore;
  /** Entries of the code: known before a beat has put them into the store. */
  readonly declared: ReadonlyMap<string, EntryOptions>;
  readonly defaults: EntryDefaults;
  /** Sends a task now. */
  readonly send: (call: AnySignature) => Promise<AsyncResult<unknown>>;
  readonly clock: Clock;
}

/** A periodic task as it stands. */
export interface ScheduleInfo {
  readonly name: string;
  readonly task: string;
  /** As it was written, with the schedule spelled out. */
  readonly options: EntryOptions;
  readonly origin: Origin;
  /** Switched on. It may be paused with all others, see `paused`. */
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly lastRunAt: Date | undefined;
  readonly lastTaskId: string | undefined;
  readonly totalRunCount: number;
  /** Runs left out by `overlap: 'skip'`. */
  readonly skippedCount: number;
  /** Undefined: it runs no more, or is switched off. */
  readonly nextRunAt: Date | undefined;
  /** Why it never runs: it cannot be read. */
  readonly problem: string | undefined;
}

/** Changes and shows periodic tasks at run time, from any process; running beats see it at once. What applications inject. */
export class ScheduleClient {
  constructor(private readonly deps: ScheduleClientDeps) {}

  /**
   * Adds a periodic task, or replaces one that was added so. It stays until it is removed. What was switched stays
   * switched; a changed schedule counts from now.
   * @throws InvalidOptionError for a bad option, and for a name that the code declares
   * @throws ScheduleStoreError
   */
  async upsert(name: string, options: EntryOptions): Promise<void> {
    const { store, declared, defaults, clock } = this.deps;
    if (name === '') throw new InvalidOptionError('name', 'is empty. Give the entry a name.');
    await openEntry(name, options, defaults);
    const stored = await store.readEntry(name);
    if (declared.has(name) || stored?.origin === 'declared') {
      throw new InvalidOptionError(
        entryPath(name),
        'is declared in code. Change it there, or take another name; enable() and disable() work on it.',
      );
    }
    await store.put(name, writeDefinition(name, options, defaults), 'client', clock.now());
  }

  /**
   * False: there is no such entry.
   * @throws InvalidOptionError for an entry of the code, which would come back
   */
  async remove(name: string): Promise<boolean> {
    const stored = await this.deps.store.readEntry(name);
    if (stored?.origin === 'declared') {
      throw new InvalidOptionError(entryPath(name), 'is declared in code. Remove it there, or disable() it.');
    }
    return this.deps.store.remove(name);
  }

  /** Switches an entry on, over its own `enabled`; ticks while it was off are not made up for. False: there is no such entry. */
  enable(name: string): Promise<boolean> {
    return this.deps.store.enable(name, true, this.deps.clock.now());
  }

  /** Switches an entry off until it is switched on again, over restarts too. False: there is no such entry. */
  disable(name: string): Promise<boolean> {
    return this.deps.store.enable(name, false, this.deps.clock.now());
  }

  /** Holds every entry, in every beat, until `resumeAll`. */
  pauseAll(): Promise<void> {
    return this.deps.store.pause(true, this.deps.clock.now());
  }

  /** Ticks of the time between are not made up for. */
  resumeAll(): Promise<void> {
    return this.deps.store.pause(false, this.deps.clock.now());
  }

  /**
   * Sends the task of an entry now, whatever its schedule says, also when it is switched off. No tick of the schedule
   * changes by it.
   * @throws InvalidOptionError when there is no such entry or it cannot be read; what sending a task throws
   */
  async runNow(name: string): Promise<AsyncResult<unknown>> {
    const { call } = await this.#open(await this.#stored(name));
    return this.deps.send(call);
  }

  /**
   * The next runs, as far as there are any: of an entry, or of options as `upsert` takes them, to see what they would do.
   * @throws InvalidOptionError
   */
  async next(what: string | EntryOptions, count = 1): Promise<Date[]> {
    const { store, defaults, clock } = this.deps;
    if (typeof what !== 'string') {
      const entry = await openEntry('preview', what, defaults);
      return runsOf(entry, entry.schedule.kind === 'clocked' ? 0 : clock.now(), clock.now(), count);
    }
    const stored = await this.#stored(what);
    const entry = await this.#open(stored);
    const { control } = await store.read();
    return this.#runsOf(stored, entry, control, count);
  }

  /** All entries by name, those of the code included. */
  async list(): Promise<ScheduleInfo[]> {
    const { control } = await this.deps.store.read();
    const all = await Promise.all((await this.#all()).map((stored) => this.#infoOf(stored, control)));
    return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #infoOf(stored: StoredEntry, control: Control): Promise<ScheduleInfo> {
    const options = readDefinition(stored.document);
    const state = decodeState(stored.state, stored.sinceMs);
    let entry: Entry | undefined;
    let problem: string | undefined;
    try {
      entry = await this.#open(stored);
    } catch (error) {
      problem = messageOf(error);
    }
    const enabled = stored.enabled ?? entry?.enabled ?? false;
    const [nextRunAt] = entry !== undefined && enabled ? this.#runsOf(stored, entry, control, 1) : [];
    return Object.freeze({
      name: stored.name,
      task: String(options.task),
      options,
      origin: stored.origin,
      enabled,
      paused: control.paused,
      lastRunAt: state.lastRunAtMs === undefined ? undefined : new Date(state.lastRunAtMs),
      lastTaskId: state.lastTaskId,
      totalRunCount: state.totalRunCount,
      skippedCount: state.skippedCount,
      nextRunAt,
      problem,
    });
  }

  #runsOf(stored: StoredEntry, entry: Entry, control: Control, count: number): Date[] {
    const { cursorMs } = decodeState(stored.state, stored.sinceMs);
    const fromMs = Math.max(this.deps.clock.now(), stored.floorMs, control.floorMs);
    return runsOf(entry, cursorMs, fromMs, count);
  }

  #open({ name, document }: StoredEntry): Promise<Entry> {
    return openEntry(name, readDefinition(document), this.deps.defaults);
  }

  async #stored(name: string): Promise<StoredEntry> {
    const { store, declared } = this.deps;
    const options = declared.get(name);
    const found =
      (await store.readEntry(name)) ?? (options === undefined ? undefined : this.#asStored(name, options));
    if (found !== undefined) return found;
    const meant = nearest(
      name,
      (await this.#all()).map((each) => each.name),
    );
    throw new InvalidOptionError(
      entryPath(name),
      `there is no such entry.${meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`}`,
    );
  }

  async #all(): Promise<StoredEntry[]> {
    const { store, declared } = this.deps;
    const { entries } = await store.read();
    const known = new Set(entries.map(({ name }) => name));
    const unknown = [...declared].filter(([name]) => !known.has(name));
    return [...entries, ...unknown.map(([name, options]) => this.#asStored(name, options))];
  }

  /** What a beat is going to put into the store. */
  #asStored(name: string, options: EntryOptions): StoredEntry {
    const { defaults, clock } = this.deps;
    let definition;
    try {
      definition = writeDefinition(name, options, defaults);
    } catch {
      // Reading it says what is wrong with it.
      const document = JSON.stringify({ task: String(options.task), schedule: null });
      definition = { document, timing: '', once: false };
    }
    const sinceMs = definition.once ? 0 : clock.now();
    return {
      ...definition,
      name,
      origin: 'declared',
      revision: 0,
      sinceMs,
      enabled: undefined,
      floorMs: 0,
      state: '',
    };
  }
}

/** When the next ticks after `fromMs` are sent. */
function runsOf(
  { name, timetable, jitterMs }: Entry,
  cursorMs: number,
  fromMs: number,
  count: number,
): Date[] {
  const runs: Date[] = [];
  let at = timetable.next(timetable.latest(cursorMs, fromMs) ?? cursorMs);
  while (at !== undefined && runs.length < count) {
    runs.push(new Date(dueMs(name, at, jitterMs)));
    at = timetable.next(at);
  }
  return runs;
}
