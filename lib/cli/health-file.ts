import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { CeleryWorker } from '../nest/celery.factory.js';
import type { Clock, Timer } from '../runtime/clock.js';

/** Between two writes. */
const INTERVAL_MS = 5_000;

/** What a worker writes of itself, for probes that must cost nothing. */
export interface HealthRecord {
  readonly pid: number;
  readonly hostname: string;
  /** Epoch ms. */
  readonly writtenMs: number;
  readonly state: string;
  /** Its connection to the broker works. */
  readonly connected: boolean;
  readonly running: number;
  readonly processed: number;
}

/** Writes how the worker is every 5 s, for as long as its event loop turns. Gone when disposed of. */
export function keepHealthFile(
  file: string | undefined,
  worker: CeleryWorker,
  clock: Clock,
): Disposable | undefined {
  if (file === undefined) return undefined;
  let timer: Timer | undefined;
  const write = (): void => {
    const { state, connected, running, processed } = worker.status;
    const { hostname } = worker;
    const record: HealthRecord = {
      pid: process.pid,
      hostname,
      writtenMs: clock.now(),
      state,
      connected,
      running,
      processed,
    };
    // In one step: a reader never finds half of it.
    writeFileSync(`${file}.new`, JSON.stringify(record));
    renameSync(`${file}.new`, file);
    timer = clock.after(INTERVAL_MS, write);
  };
  write();
  return {
    [Symbol.dispose]() {
      timer?.cancel();
      rmSync(file, { force: true });
    },
  };
}
