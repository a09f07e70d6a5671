import { eventually } from '../support/eventually.js';
import type { Fleet, Member } from './fleet.js';
import type { Load } from './load.js';

/** Resolves once each worker has ended a task from now on: told to stop before it is connected again, one says that it is not heard. */
export async function allBack(fleet: Fleet, load: Load, withinMs: number): Promise<void> {
  const sinceMs = Date.now();
  const isBack = ({ pid }: Member): boolean =>
    load.reader.entries.some((entry) => entry.pid === pid && entry.step === 'ended' && entry.atMs > sinceMs);
  await eventually(() => fleet.serving.every(isBack), { withinMs, what: 'work of each worker' });
}
