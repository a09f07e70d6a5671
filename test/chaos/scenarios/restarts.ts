import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { allBack } from '../all-back.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import type { Place } from '../place.js';
import { sized, type Row, type Scenario, type Stage } from '../scenario.js';

/** From the open port to work that goes on, as promised. */
const RESUME_MS = { RabbitMQ: 10_000, 'RabbitMQ quorum': 10_000, Redis: 5_000, memory: 0 } as const;
const WAIT_MS = 60_000;
const PLACES = ['RabbitMQ', 'RabbitMQ quorum', 'Redis'] as const;
/** RabbitMQ killed sooner after a quorum queue was declared may never find a leader for it again (seen with 3.10.8). */
const DECLARED_MS = 3_000;
/** Nothing runs yet: the queue holds what was acknowledged, however often the broker died over it. */
const NOBODY = 0;

/** Producers alone publish while their broker is killed and comes back. Workers come when it is over. */
export const pub1: Scenario = {
  id: 'PUB-1',
  title: 'kill -9 of the broker under publishers',
  places: PLACES,
  variants: ['restarts'],
  tiers: ['ci', 'full'],
  run: (stage) => survive(stage, { test: 'PUB-1', size: sized(stage.tier, 200_000, 500), workers: NOBODY }),
};

/** The same while workers run the tasks: they outlive it, and go on within the promised time. */
export const alo5: Scenario = {
  id: 'ALO-5',
  title: 'kill -9 of the broker under publishers and workers',
  places: PLACES,
  variants: ['restarts'],
  tiers: ['ci', 'full'],
  run: (stage) => survive(stage, { test: 'ALO-5', size: sized(stage.tier, 100_000, 500), workers: 2 }),
};

interface Run {
  readonly test: string;
  /** Tasks, at least. */
  readonly size: number;
  readonly workers: number;
}

async function survive(stage: Stage, { test, size, workers }: Run): Promise<Row> {
  const { tier, place, random, script, folder } = stage;
  const begunMs = performance.now();
  const server = serverOf(place, test);
  const ledger = join(folder, 'ledger');
  await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: 8 }, ledger });
  await using load = await Load.open({
    app: place.app,
    ledger,
    random: random.branch('load'),
    kinds: ['late'],
    backlog: workers === NOBODY ? Number.POSITIVE_INFINITY : 300,
    runMs: [0, 20],
    batch: 50,
    pauseMs: 50,
  });
  for (let started = 0; started < workers; started += 1) await fleet.start();
  load.start();
  if (place.name === 'RabbitMQ quorum') await pause(DECLARED_MS);

  const kills = sized(tier, place.name === 'Redis' ? 40 : 20, 1);
  const resumed: number[] = [];
  const broken: string[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    await pause(random.between(300, 1_500));
    await load.reaches((size * (kill + 1)) / kills);
    await server.restart();
    if (workers === NOBODY) continue;
    const tookMs = await load.next('ended', Date.now(), WAIT_MS);
    if (tookMs === undefined) broken.push(`no task ended within ${WAIT_MS} ms after restart ${kill + 1}`);
    else resumed.push(tookMs);
  }
  if (fleet.serving.length !== workers)
    broken.push(`${workers - fleet.serving.length} workers did not outlive it`);
  await allBack(fleet, load, WAIT_MS);
  await load.stop();
  if (workers === NOBODY) await Promise.all([fleet.start(), fleet.start()]);
  await load.drained(WAIT_MS);
  for (const { code } of await fleet.stop()) {
    if (code !== 0) broken.push(`a worker ended with ${code} instead of 0`);
  }
  load.reader.more();

  const verdict = check(load.reader.entries);
  const slowestMs = Math.max(0, ...resumed);
  const limitMs = RESUME_MS[place.name];
  if (slowestMs > limitMs) broken.push(`work went on after ${slowestMs} ms, promised within ${limitMs}`);
  broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
  return judged({ stage, test, variant: 'restarts', verdict, faults: kills, slowestMs, begunMs, broken });
}

/** After each restart a fresh task runs in time, on an idle worker that is still the same. */
export const rc1: Scenario = {
  id: 'RC-1',
  title: 'a task after each restart of the broker',
  places: PLACES,
  variants: ['restarts'],
  tiers: ['ci', 'full'],
  async run(stage) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const server = serverOf(place, 'RC-1');
    const ledger = join(folder, 'ledger');
    await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: 2 }, ledger });
    const kinds = ['late'] as const;
    const options = { app: place.app, ledger, random, kinds, backlog: 0, runMs: [0, 0] as const };
    await using load = await Load.open(options);
    await fleet.start();
    if (place.name === 'RabbitMQ quorum') await pause(DECLARED_MS);
    const broken: string[] = [];
    const took: number[] = [];
    const restarts = sized(tier, 50, 1);
    for (let restart = 0; restart < restarts; restart += 1) {
      await pause(random.between(0, 500));
      await server.restart();
      const openMs = Date.now();
      const id = await load.send('late', 0);
      const tookMs = id === undefined ? undefined : await load.next('ended', openMs, WAIT_MS, id);
      if (tookMs === undefined) broken.push(`no task ran after restart ${restart + 1}`);
      else took.push(tookMs);
    }
    if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
    await fleet.stop();
    load.reader.more();
    const verdict = check(load.reader.entries);
    const slowestMs = Math.max(0, ...took);
    const limitMs = RESUME_MS[place.name];
    if (slowestMs > limitMs) broken.push(`a task ran after ${slowestMs} ms, promised within ${limitMs}`);
    // A broker killed before it wrote an acknowledgement down hands the task out again.
    broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
    const [test, variant] = ['RC-1', 'restarts'];
    return judged({ stage, test, variant, verdict, faults: restarts, slowestMs, begunMs, broken });
  },
};

function serverOf({ server }: Place, test: string) {
  if (server === undefined) throw new Error(`${test} kills its broker: it needs a private one`);
  return server;
}
