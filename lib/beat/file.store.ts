import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  watch,
  writeFileSync,
  type FSWatcher,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { ScheduleStoreError } from '../errors.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import type { Definition } from './definition.js';
import { FileJournal } from './file.journal.js';
import { codeOf, underLock } from './file.lock.js';
import type {
  Move,
  MoveOutcome,
  Origin,
  ScheduleStore,
  Snapshot,
  StoredEntry,
  Term,
  TermAnswer,
} from './schedule.store.js';
import { ScheduleTable, type Change } from './schedule.table.js';

export interface FileStoreSettings {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** For changes that the file system did not tell of. */
const POLL_MS = 1_000;

/** The term file: who leads, and until when by this machine's wall clock. */
interface WrittenTerm extends Term {
  readonly aliveMs: number;
  readonly untilMs: number;
}

/** Entries in a file, for the processes of one machine: Celery's `celerybeat-schedule`, but readable and cut-proof. */
export class FileStore implements ScheduleStore {
  readonly kind = 'file';
  readonly url: string;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watchers = new Set<(name: string | undefined) => void>();
  readonly #journal: FileJournal;
  #table = new ScheduleTable();
  #watcher: FSWatcher | undefined;
  #poll: Timer | undefined;

  constructor({ path, clock, log }: FileStoreSettings) {
    this.#path = resolve(path);
    this.url = `file://${this.#path}`;
    this.#clock = clock;
    this.#log = log;
    this.#journal = new FileJournal(this.#path, log);
  }

  async connect(): Promise<void> {
    await this.#trying(async () => {
      mkdirSync(dirname(this.#path), { recursive: true });
      accessSync(dirname(this.#path), constants.W_OK);
      this.#refresh();
    });
  }

  async read(): Promise<Snapshot> {
    return this.#trying(async () => {
      this.#refresh();
      return this.#table.snapshot;
    });
  }

  async readEntry(name: string): Promise<StoredEntry | undefined> {
    return this.#trying(async () => {
      this.#refresh();
      return this.#table.get(name);
    });
  }

  async put(name: string, definition: Definition, origin: Origin, nowMs: number): Promise<void> {
    await this.#change((table) => table.put(name, definition, origin, nowMs));
  }

  remove(name: string): Promise<boolean> {
    return this.#change((table) => (table.get(name) === undefined ? undefined : { kind: 'removed', name }));
  }

  enable(name: string, enabled: boolean, nowMs: number): Promise<boolean> {
    return this.#change((table) => table.enable(name, enabled, nowMs));
  }

  async pause(paused: boolean, nowMs: number): Promise<void> {
    await this.#change((table) => table.pause(paused, nowMs));
  }

  watch(onChange: (name: string | undefined) => void): () => void {
    this.#watchers.add(onChange);
    this.#listen();
    return () => this.#watchers.delete(onChange);
  }

  takeTerm(owner: string, leaseMs: number): Promise<TermAnswer> {
    return this.#locked(() => {
      const nowMs = this.#clock.now();
      const old = this.#readTerm();
      const valid = old !== undefined && old.untilMs > nowMs ? old : undefined;
      if (valid !== undefined && valid.owner !== owner) return { kind: 'held', forMs: valid.untilMs - nowMs };
      const term = { owner, fence: valid?.fence ?? (old?.fence ?? 0) + 1 };
      this.#writeTerm({ ...term, aliveMs: nowMs, untilMs: nowMs + leaseMs });
      const gapMs = old === undefined ? undefined : Math.max(0, nowMs - old.aliveMs);
      return { kind: 'won', term, gapMs };
    });
  }

  keepTerm(term: Term, leaseMs: number): Promise<boolean> {
    return this.#locked(() => {
      const nowMs = this.#clock.now();
      if (!this.#isValid(term)) return false;
      this.#writeTerm({ ...term, aliveMs: nowMs, untilMs: nowMs + leaseMs });
      return true;
    });
  }

  async endTerm(term: Term): Promise<void> {
    await this.#locked(() => {
      const nowMs = this.#clock.now();
      if (this.#isValid(term)) this.#writeTerm({ ...term, aliveMs: nowMs, untilMs: 0 });
    });
    this.#tell(undefined);
  }

  async move(term: Term, move: Move): Promise<MoveOutcome> {
    return this.#trying(async () => {
      if (!this.#isValid(term)) return 'lost';
      this.#refresh();
      const answer = this.#table.judge(move);
      if (typeof answer === 'string') return answer;
      await this.#journal.append([answer]);
      if (this.#journal.isLong) await this.#compact();
      return 'moved';
    });
  }

  canPush(): boolean {
    return false;
  }

  async close(): Promise<void> {
    this.#watchers.clear();
    this.#watcher?.close();
    this.#poll?.cancel();
  }

  /** Decides on the newest table, while no other process writes. */
  async #change(decide: (table: ScheduleTable) => Change | undefined): Promise<boolean> {
    const change = await this.#locked(() => {
      this.#refresh();
      const decided = decide(this.#table);
      if (decided === undefined) return undefined;
      return { name: nameOf(decided), written: this.#journal.append([decided]) };
    });
    if (change === undefined) return false;
    await this.#trying(() => change.written);
    this.#refresh();
    this.#tell(change.name);
    return true;
  }

  /** Others add to the file only under the lock, and the leader, who does not, is the one that replaces it. */
  async #compact(): Promise<void> {
    await underLock(`${this.#path}.lock`, () => {
      this.#refresh();
      const { entries, control } = this.#table.snapshot;
      const lines: Change[] = entries.map((entry) => ({ kind: 'entry', entry }));
      this.#journal.replace([...lines, { kind: 'control', control }]);
      this.#refresh();
    });
  }

  #refresh(): void {
    const { changes, anew } = this.#journal.readOn();
    if (anew) this.#table = new ScheduleTable();
    for (const change of changes) this.#table.apply(change);
  }

  #isValid({ fence, owner }: Term): boolean {
    const written = this.#readTerm();
    return written?.fence === fence && written.owner === owner && written.untilMs > this.#clock.now();
  }

  #readTerm(): WrittenTerm | undefined {
    try {
      return JSON.parse(readFileSync(`${this.#path}.term`, 'utf8')) as WrittenTerm;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #writeTerm(term: WrittenTerm): void {
    const next = `${this.#path}.term.next`;
    writeFileSync(next, JSON.stringify(term), { mode: 0o600 });
    renameSync(next, `${this.#path}.term`);
  }

  #listen(): void {
    if (this.#watcher !== undefined) return;
    const name = basename(this.#path);
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, changed) => {
        if (changed === null || changed === name || changed === `${name}.term`) this.#look();
      });
      this.#watcher.on('error', () => undefined);
    } catch (error) {
      this.#log.debug(`No notices of changes of ${this.#path}: ${String(error)}`);
    }
    const poll = (): void => {
      this.#look();
      this.#poll = this.#clock.after(POLL_MS, poll);
    };
    this.#poll = this.#clock.after(POLL_MS, poll);
  }

  /** Tells of what other processes changed; what this one did has been read already. */
  #look(): void {
    try {
      const { changes, anew } = this.#journal.readOn();
      if (anew) this.#table = new ScheduleTable();
      for (const change of changes) this.#table.apply(change);
      if (anew) this.#tell(undefined);
      else
        for (const name of new Set(changes.filter(({ kind }) => kind !== 'state').map(nameOf)))
          this.#tell(name);
    } catch (error) {
      this.#log.warn(`Schedule file ${this.#path} cannot be read: ${String(error)}`);
    }
  }

  #tell(name: string | undefined): void {
    for (const onChange of this.#watchers) onChange(name);
  }

  #locked<T>(work: () => T): Promise<T> {
    return this.#trying(() => underLock(`${this.#path}.lock`, work));
  }

  async #trying<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ScheduleStoreError) throw error;
      const reason = messageOf(error);
      throw new ScheduleStoreError(
        this.url,
        `cannot be used: ${reason}. Set beatStore to a path that this process may write.`,
        error,
      );
    }
  }
}

function nameOf(change: Change): string | undefined {
  return change.kind === 'entry' ? change.entry.name : change.kind === 'control' ? undefined : change.name;
}
