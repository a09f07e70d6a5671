import { setTimeout as pause } from 'node:timers/promises';
import type { CeleryApp } from '../../lib/index.js';
import { slope } from './heap.js';
import type { Memory } from './worker-heap.js';

const AT_ONCE = 200;
const MOST_WAITING = 2_000;
const LIMIT_MS = 120_000;
const CHUNKS = 40;

export interface Growth {
  /** Bytes for each task, after the warm-up. */
  readonly heap: number;
  readonly rss: number;
  readonly last: Memory;
}

/**
 * Sends so many tasks, never more than a few thousand ahead of the workers, and measures at forty places, where nothing is
 * left to do.
 * @param left messages that are not worked off
 * @param warmUp part of the tasks by which everything has been made for the first time, and compiled
 */
export async function steadily(
  app: CeleryApp,
  tasks: number,
  left: () => Promise<number>,
  measure: () => Promise<Memory>,
  warmUp: number,
): Promise<Growth> {
  const points: { readonly at: number; readonly memory: Memory }[] = [];
  const until = async (most: number): Promise<void> => {
    const deadlineMs = performance.now() + LIMIT_MS;
    while ((await left()) > most) {
      if (performance.now() > deadlineMs) throw new Error(`${await left()} tasks do not end`);
      await pause(5);
    }
  };
  const chunk = Math.ceil(tasks / CHUNKS);
  for (let sent = 0; sent < tasks; sent += chunk) {
    for (let part = 0; part < chunk; part += AT_ONCE) {
      const calls = Array.from({ length: Math.min(AT_ONCE, chunk - part) }, () =>
        app.client.applyAsync('hard.nothing', { args: [sent] }),
      );
      await Promise.all(calls);
      await until(MOST_WAITING);
    }
    await until(0);
    points.push({ at: sent + chunk, memory: await measure() });
  }
  const fitted = points.slice(Math.ceil(points.length * warmUp));
  const grows = (of: (memory: Memory) => number): number =>
    slope(fitted.map(({ at, memory }) => ({ at, bytes: of(memory) })));
  const last = points.at(-1)?.memory ?? { heap: 0, rss: 0 };
  return { heap: grows(({ heap }) => heap), rss: grows(({ rss }) => rss), last };
}
