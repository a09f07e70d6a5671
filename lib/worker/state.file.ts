import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isRecord } from '../control/record.js';
import { InvalidOptionError } from '../errors.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { LamportClock } from '../runtime/lamport.clock.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import type { RevokedTasks } from './revoked.js';
import { errorText } from './task.log.js';

export interface StateFileDeps {
  /** Path. Its folder is made where it is missing. */
  readonly file: string;
  readonly revoked: RevokedTasks;
  readonly lamport: LamportClock;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What a worker knows that its successor must know too, in a file: which tasks are revoked, and the clock of events. Read at
 * the start, before the first message is taken; replaced as a whole a moment after each change, and at the end. Celery's
 * `--statedb`, but readable, and written while the worker lives.
 */
export class StateFile implements Service {
  readonly name = 'state file';
  readonly #path: string;
  #started = false;
  #timer: Timer | undefined;
  #writing = Promise.resolve();
  #failed = false;

  constructor(private readonly deps: StateFileDeps) {
    this.#path = resolve(deps.file);
    deps.revoked.onChange(() => this.#changed());
  }

  /** @throws InvalidOptionError for a path that cannot be read or written */
  async start(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await this.#read();
      await this.#replace();
    } catch (error) {
      throw new InvalidOptionError('worker.stateDb', `${this.#path} cannot be used: ${errorText(error)}`);
    }
    this.#started = true;
  }

  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#write();
  }

  #changed(): void {
    if (!this.#started || this.#timer !== undefined) return;
    this.#timer = this.deps.clock.after(SOON_MS, () => {
      this.#timer = undefined;
      void this.#write();
    });
  }

  async #read(): Promise<void> {
    const written = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (isRecord(error) && error['code'] === 'ENOENT') return undefined;
      throw error;
    });
    if (written === undefined || written === '') return;
    const state = parsed(written);
    if (state !== undefined) return this.#learn(state);
    const aside = `${this.#path}.unreadable`;
    await rename(this.#path, aside);
    this.deps.log.error(
      `The state file ${this.#path} holds no state: moved to ${aside}. Tasks that were revoked before may run.`,
    );
  }

  #learn({ clock: heard, revoked: ids, roots, stamps }: Readonly<Record<string, unknown>>): void {
    const { revoked, lamport, clock } = this.deps;
    const ageOf = (sinceMs: unknown): number =>
      typeof sinceMs === 'number' ? Math.max(0, clock.now() - sinceMs) : 0;
    lamport.adjust(heard);
    for (const [id, sinceMs] of oldestFirst(ids)) revoked.add(id, ageOf(sinceMs));
    for (const [id, sinceMs] of oldestFirst(roots)) revoked.addRoot(id, ageOf(sinceMs));
    for (const [header, values] of Object.entries(isRecord(stamps) ? stamps : {}))
      for (const value of Array.isArray(values) ? values : [])
        if (typeof value === 'string') revoked.addStamp(header, value);
  }

  /** One at a time; a failure is told once, and tried again at the next change. */
  #write(): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.#replace())
      .then(() => void (this.#failed = false))
      .catch((error: unknown) => {
        if (!this.#failed)
          this.deps.log.error(`The state file ${this.#path} could not be written: ${errorText(error)}`);
        this.#failed = true;
      });
    return this.#writing;
  }

  async #replace(): Promise<void> {
    const { revoked, lamport, clock } = this.deps;
    const since = (ages: Iterable<readonly [string, number]>): Record<string, number> =>
      Object.fromEntries([...ages].map(([id, ageMs]) => [id, clock.now() - ageMs]));
    const state = {
      version: VERSION,
      clock: lamport.value,
      revoked: since(revoked.latest()),
      roots: since(revoked.latestRoots()),
      stamps: revoked.stamps,
    };
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(state)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, this.#path);
  }
}

const VERSION = 1;
/** Between a change and its being written: so many in a moment are written once. */
const SOON_MS = 100;

function parsed(written: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const state: unknown = JSON.parse(written);
    return isRecord(state) && state['version'] === VERSION ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Those revoked last are forgotten last. */
function oldestFirst(since: unknown): (readonly [id: string, sinceMs: unknown])[] {
  return isRecord(since) ? Object.entries(since).toReversed() : [];
}
