import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { InvalidOptionError } from '../../errors.js';
import type { Clock, Timer } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import { messageOf } from '../../runtime/message-of.js';
import type { Service } from '../../runtime/service.js';
import type { WorkerHealth } from './readiness.js';

/** Between two writes: what a reader learns is at most this old. */
const INTERVAL_MS = 1_000;

/** What a worker writes of itself, for probes that must cost nothing. */
export interface HealthRecord {
  readonly pid: number;
  readonly hostname: string;
  /** Epoch ms. */
  readonly writtenMs: number;
  readonly state: string;
  /** Its connection to the broker works. */
  readonly connected: boolean;
  /** Why it is not ready; empty when it is. */
  readonly problems: readonly string[];
  readonly running: number;
  readonly processed: number;
}

export interface HealthFileDeps {
  readonly file: string;
  readonly hostname: string;
  readonly health: () => WorkerHealth;
  readonly status: () => Pick<HealthRecord, 'state' | 'connected' | 'running' | 'processed'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Writes how the worker is for as long as its event loop turns: before it connects, and until it has stopped. */
export class HealthFile implements Service {
  readonly name = 'health file';
  #timer: Timer | undefined;
  #failed = false;

  constructor(private readonly deps: HealthFileDeps) {}

  /** @throws InvalidOptionError when it cannot be written */
  async start(): Promise<void> {
    try {
      this.#write();
    } catch (error) {
      throw new InvalidOptionError('worker.health.file', `cannot be written: ${messageOf(error)}`);
    }
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    rmSync(this.deps.file, { force: true });
  }

  /** The worker stands elsewhere: a reader need not wait to know. Nothing where it is not kept. */
  changed(): void {
    if (this.#timer !== undefined) this.#tryWrite();
  }

  #arm(): void {
    this.#timer = this.deps.clock.after(INTERVAL_MS, () => {
      this.#tryWrite();
      this.#arm();
    });
  }

  /** A full disk ends no worker: its file grows old, and probes see that. */
  #tryWrite(): void {
    try {
      this.#write();
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.deps.log.warn(`The health file cannot be written: ${messageOf(error)}`);
      this.#failed = true;
    }
  }

  #write(): void {
    const { file, hostname, clock } = this.deps;
    const { state, connected, running, processed } = this.deps.status();
    const { problems } = this.deps.health();
    const record: HealthRecord = {
      pid: process.pid,
      hostname,
      writtenMs: clock.now(),
      state,
      connected,
      problems,
      running,
      processed,
    };
    // In one step: a reader never finds half of it.
    writeFileSync(`${file}.new`, JSON.stringify(record));
    renameSync(`${file}.new`, file);
  }
}
