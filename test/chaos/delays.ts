import { setTimeout as pause } from 'node:timers/promises';
import type { Entry } from './ledger.js';
import type { Load } from './load.js';
import type { Random } from './random.js';

/** When each task is due, epoch ms, by its id. */
export type Due = ReadonlyMap<string, number>;

const AT_ONCE = 50;

/** Sends tasks that are due between the two times from now, ms. */
export async function sendDelayed(
  load: Load,
  random: Random,
  count: number,
  [soonestMs, latestMs]: readonly [number, number],
): Promise<Due> {
  const due = new Map<string, number>();
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const ids = Array.from({ length: Math.min(AT_ONCE, count - sent) }, () => load.newId('delayed'));
    const sends = ids.map((id) => {
      const dueMs = Date.now() + random.between(soonestMs, latestMs);
      due.set(id, dueMs);
      const call = { taskId: id, args: [0], eta: new Date(dueMs) };
      return load.submit([id], (client) => client.applyAsync('chaos.late', call));
    });
    await Promise.all(sends);
  }
  return due;
}

/** Between the first start of each task and when it was due, ms, the least first. Negative: too early. */
export function lateness(entries: readonly Entry[], due: Due, sinceMs = 0): number[] {
  const started = new Map<string, number>();
  for (const { step, id, atMs } of entries) if (step === 'started' && !started.has(id)) started.set(id, atMs);
  const late = [...started].flatMap(([id, atMs]) => {
    const dueMs = due.get(id);
    return dueMs === undefined
      ? []
      : [atMs < dueMs ? atMs - dueMs : Math.max(0, atMs - Math.max(dueMs, sinceMs))];
  });
  return late.toSorted((one, other) => one - other);
}

/** Until the last of them is due. */
export async function lastDue(due: Due): Promise<void> {
  await pause(Math.max(0, Math.max(...due.values()) - Date.now()));
}
