import type { Hello } from '../../control/control.types.js';
import { isRecord, type Fields } from '../../control/record.js';
import type { RevokedTasks } from '../revoked.js';

/**
 * What is revoked, for other workers. Tasks in the form that Celery's workers read: when, in seconds since this machine's
 * boot, and never a whole number, which they would refuse. The rest they overlook.
 */
export function revokedForOthers(revoked: RevokedTasks): Omit<Hello, 'clock'> {
  const nowSeconds = Number(process.hrtime.bigint() / 1_000n) / 1e6;
  const told: Record<string, number> = {};
  for (const [taskId, ageMs] of firstOf(revoked.latest())) {
    const since = nowSeconds - ageMs / 1000;
    told[taskId] = Number.isInteger(since) ? since + 0.5 : since;
  }
  const roots = firstOf(revoked.latestRoots()).map(([rootId]) => rootId);
  return { revoked: told, revoked_roots: roots, revoked_stamps: revoked.stamps };
}

/** What another worker has told. Its ages are by the clock of another machine: nothing to go by. */
export function learnRevoked(revoked: RevokedTasks, told: Fields): void {
  const { revoked: tasks, revoked_roots: roots, revoked_stamps: stamps } = told;
  if (isRecord(tasks)) for (const taskId of Object.keys(tasks)) revoked.add(taskId);
  for (const rootId of textsIn(roots)) revoked.addRoot(rootId);
  if (!isRecord(stamps)) return;
  for (const [header, values] of Object.entries(stamps))
    for (const value of textsIn(values)) revoked.addStamp(header, value);
}

/** Older ones of a fleet that revokes so much have run or expired. */
const MOST_TOLD = 10_000;

function firstOf<T>(items: Iterable<T>): T[] {
  return [...items].slice(0, MOST_TOLD);
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
