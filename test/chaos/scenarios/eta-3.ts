import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkWindow } from '../../../lib/runtime/work-window.js';
import { check } from '../checker.js';
import { Fleet, type Member } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { leftover } from '../leftover.js';
import { Load } from '../load.js';
import { Servers, type Place } from '../place.js';
import { isTimed, sized, type Scenario } from '../scenario.js';

const CONCURRENCY = 16;
const AT_ONCE = 100;
/** Far behind the end of the run: one that starts is a mistake. */
const COUNTDOWN = '1h';
const LEAST_RATE = 0.8;
const MOST_GROWN = 50 * 2 ** 20;
/** Memory is looked at when what was taken has been put away. */
const SETTLE_MS = 3_000;
const WAIT_MS = 120_000;
const WARM_UPS = 3;

/**
 * A flood of tasks that are due in an hour takes little of a worker's memory, and once it is put away little of the pace of
 * those due at once. Where workers put it away, as on Redis, they share their time with it until then: told, not judged.
 */
export const eta3: Scenario = {
  id: 'ETA-3',
  title: 'tasks due at once behind a flood of delayed ones',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['flood'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    // What is left of the flood goes with its servers.
    await using servers = new Servers({});
    const place = await servers.place(stage.place.name);
    await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: CONCURRENCY }, ledger });
    const options = { app: place.app, ledger, random, kinds: ['late'] as const, runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    const worker = await fleet.start();

    // A tenth would be over before a rate can be told from noise.
    const tasks = tier === 'ci' ? 5_000 : sized(tier, 10_000, 200);
    const flood = sized(tier, 200_000, 2_000);
    // What a worker grows by anyway as it warms up is none of the flood's.
    for (let each = 0; each < WARM_UPS; each += 1) await rate(load, tasks);
    const calm = await rate(load, tasks);
    await pause(SETTLE_MS);
    const baseBytes = residentBytes(worker);
    await inTurns(flood, () => load.app.client.applyAsync('chaos.late', { args: [0], countdown: COUNTDOWN }));
    const meanwhile = await rate(load, tasks);
    const putAwayMs = await putAway(load, place);
    const flooded = await rate(load, tasks);
    await pause(SETTLE_MS);
    const grown = residentBytes(worker) - baseBytes;
    const [ending] = await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const rates = `${Math.round(flooded)} a second with ${flood} put away, ${Math.round(calm)} without`;
    const earlier = `${Math.round(meanwhile)} a second until they were, ${Math.round(putAwayMs)} ms later`;
    console.log(`    ${rates}; ${earlier}; the worker grew by ${(grown / 2 ** 20).toFixed(1)} MiB`);
    const none = ['lost', 'stuck', 'duplicated', 'restarted', 'unexpected'] as const;
    return judged({
      stage,
      test: 'ETA-3',
      variant,
      verdict,
      faults: flood,
      slowestMs: 0,
      begunMs,
      broken: [
        ...promises(verdict, none),
        ...(isTimed(tier) && flooded < calm * LEAST_RATE ? [`tasks slowed down: ${rates}`] : []),
        ...(isTimed(tier) && grown > MOST_GROWN ? [`the worker grew by ${grown} bytes`] : []),
        ...(ending?.code === 0 ? [] : [`the worker ended with ${ending?.code} instead of 0`]),
      ],
    });
  },
};

/** Tasks a second, from the first that is sent to the last that has ended. */
async function rate(load: Load, tasks: number): Promise<number> {
  const sinceMs = performance.now();
  await inTurns(tasks, () => load.send('late', 0));
  await load.drained(WAIT_MS);
  return (tasks * 1000) / (performance.now() - sinceMs);
}

/** Until none of the flood waits in the queue any more, ms. */
async function putAway(load: Load, place: Place): Promise<number> {
  const sinceMs = performance.now();
  while ((await leftover(load, place)) > 0 && performance.now() - sinceMs < WAIT_MS) await pause(50);
  return performance.now() - sinceMs;
}

async function inTurns(times: number, send: () => Promise<unknown>): Promise<void> {
  const window = new WorkWindow(AT_ONCE);
  for (let sent = 0; sent < times; sent += 1) await window.add(send);
  await window.settled();
}

const PAGE_BYTES = 4_096;

function residentBytes({ pid }: Member): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return Number(pages) * PAGE_BYTES;
}
