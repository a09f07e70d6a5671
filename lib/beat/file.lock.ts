import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ScheduleStoreError } from '../errors.js';

/** Work under the lock takes milliseconds; whoever holds it this long is dead. Process ids say nothing across containers. */
const STALE_MS = 10_000;
const LIMIT_MS = 15_000;
const PAUSE_MS = 5;

/** The last in line of this process, for each lock: only the first asks the file system. */
const lines = new Map<string, Promise<unknown>>();

/** Runs work that no other process does at the same time. The work itself must not wait for anything. */
export function underLock<T>(path: string, work: () => T): Promise<T> {
  const before = lines.get(path) ?? Promise.resolve();
  const mine = before.then(() => lockedByFile(path, work));
  const settled = mine.then(noop, noop).finally(() => {
    if (lines.get(path) === settled) lines.delete(path);
  });
  lines.set(path, settled);
  return mine;
}

function noop(): void {}

async function lockedByFile<T>(path: string, work: () => T): Promise<T> {
  const startedMs = performance.now();
  while (!taken(path)) {
    removeStale(path);
    if (performance.now() - startedMs > LIMIT_MS) {
      throw new ScheduleStoreError(path, 'is held by another process. Remove it if that process is gone.');
    }
    // Real time: other processes know no other.
    await pause(PAUSE_MS);
  }
  try {
    return work();
  } finally {
    rmSync(path, { force: true });
  }
}

function taken(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function removeStale(path: string): void {
  try {
    if (Date.now() - statSync(path).mtimeMs < STALE_MS) return;
    // Of several that find it stale, one moves it away.
    const aside = `${path}.${process.pid}`;
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined;
}
