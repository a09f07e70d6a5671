import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { BACKOFF_SECONDS, duesFile } from '../hard-figures.js';
import { judged, promises } from '../judge.js';
import { workedOff } from '../leftover.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

const AWAY_MS = 15_000;
/** Of the plan: in no second are more retries due than so many times the mean. A busy worker runs them in gushes all the same. */
const MOST_OF_MEAN = 3;
const QUIET_MS = 60_000;

/** Everything depends on something that is away: retries are spread, and all goes well once it is back. */
export const pp5: Scenario = {
  id: 'PP-5',
  title: 'retries against a dead dependency',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['backoff'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const away = join(folder, 'away');
    await writeFile(away, '');
    const { app } = place;
    await using fleet = new Fleet(script, { app, worker: { concurrency: 50 }, ledger });
    const options = { kinds: ['late'], backlog: 0, runMs: [0, 0] } as const;
    await using load = await Load.open({ app, ledger, random, ...options });
    await fleet.start();
    const tasks = sized(tier, 50_000, 300);
    for (let sent = 0; sent < tasks; sent += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, tasks - sent) }, () => load.newId('depends'));
      await Promise.all(
        some.map((taskId) =>
          load.submit([taskId], (client) => client.applyAsync('hard.depends', { taskId, args: [away] })),
        ),
      );
    }
    const sentMs = Date.now();
    await pause(AWAY_MS);
    await rm(away);
    const backMs = Date.now();
    await load.drained(QUIET_MS);
    const drainedMs = Date.now() - backMs;
    const left = await workedOff(fleet, load, place);
    load.reader.more();
    const verdict = check(load.reader.entries);
    const broken = promises(verdict, ['lost', 'stuck', 'duplicated', 'unexpected']);
    if (left > 0) broken.push(`${left} messages were left behind`);
    const dues = (await readFile(duesFile(away), 'utf8')).trim().split('\n').map(Number);
    const { most, mean } = rateOf(dues, sentMs + BACKOFF_SECONDS * 1_000, backMs);
    if (most > Math.max(mean * MOST_OF_MEAN, FEW))
      broken.push(`${most} retries were due in one second, ${mean.toFixed(1)} in the mean`);
    return judged({
      stage,
      test: 'PP-5',
      variant,
      verdict,
      faults: load.reader.entries.filter(({ step }) => step === 'started').length - tasks,
      slowestMs: drainedMs,
      begunMs,
      broken,
    });
  },
};

const AT_ONCE = 100;
/** So few tell nothing about spikes. */
const FEW = 30;

/** In each second between the two times. */
function rateOf(timesMs: readonly number[], fromMs: number, toMs: number): { most: number; mean: number } {
  const seconds = new Map<number, number>();
  for (const atMs of timesMs) {
    if (atMs < fromMs || atMs >= toMs) continue;
    const second = Math.floor((atMs - fromMs) / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  const counts = [...seconds.values()];
  const all = counts.reduce((sum, count) => sum + count, 0);
  return { most: Math.max(0, ...counts), mean: all / Math.max(1, Math.floor((toMs - fromMs) / 1_000)) };
}
