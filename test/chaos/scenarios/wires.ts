import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CeleryOptions } from '../../../lib/index.js';
import { allBack } from '../all-back.js';
import { check } from '../checker.js';
import { startFaultProxy, type FaultProxy } from '../fault-proxy.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { throughPort } from '../place.js';
import { sized, type Row, type Scenario, type Stage } from '../scenario.js';

const PLACES = ['RabbitMQ', 'RabbitMQ quorum', 'Redis'] as const;
const CONCURRENCY = 8;
const PREFETCH_MULTIPLIER = 4;
/** From a sound wire to work that goes on. */
const RESUME_MS = 10_000;
const WAIT_MS = 60_000;
/** So that a silent wire is noticed in seconds. */
const WATCHFUL: CeleryOptions = { brokerHeartbeat: '2s' };

/** The workers' connections are reset while their tasks run; these end after the reconnect. */
export const alo9: Scenario = {
  id: 'ALO-9',
  title: 'connections of workers reset under load',
  places: PLACES,
  variants: ['cut'],
  tiers: ['ci', 'full'],
  run: (stage) => {
    const of = { test: 'ALO-9', variant: 'cut', faults: sized(stage.tier, 100, 2) };
    return faulty(stage, { ...of, tasks: sized(stage.tier, 5_000, 100) }, async (proxy) => {
      await pause(stage.random.between(50, 600));
      proxy.cut();
    });
  },
};

/** The workers' wire swallows everything for longer than two heartbeats, and nobody is told; or one direction of it does. */
export const rc3: Scenario = {
  id: 'RC-3',
  title: 'black holes between workers and broker',
  places: PLACES,
  variants: ['black hole', 'half open, to the broker', 'half open, from the broker'],
  tiers: ['ci', 'full'],
  run: (stage, variant) =>
    faulty(stage, { test: 'RC-3', variant, faults: sized(stage.tier, 20, 1), tasks: 0 }, async (proxy) => {
      await pause(stage.random.between(200, 1_000));
      if (variant !== 'half open, from the broker') proxy.swallow('toServer');
      if (variant !== 'half open, to the broker') proxy.swallow('toClient');
      await pause(stage.random.between(3_000, 9_000));
      proxy.heal();
    }),
};

interface Run {
  readonly test: string;
  readonly variant: string;
  readonly faults: number;
  /** At least. */
  readonly tasks: number;
}

async function faulty(
  stage: Stage,
  { test, variant, faults, tasks }: Run,
  strike: (proxy: FaultProxy) => Promise<void>,
): Promise<Row> {
  const { place, random, script, folder } = stage;
  const begunMs = performance.now();
  const ledger = join(folder, 'ledger');
  await using proxy = await startFaultProxy(place.port, random.branch('wire'));
  const workerApp = throughPort(place, { ...place.app, ...WATCHFUL }, proxy.port);
  await using fleet = new Fleet(script, {
    app: workerApp,
    worker: { concurrency: CONCURRENCY, prefetchMultiplier: PREFETCH_MULTIPLIER },
    ledger,
  });
  await using load = await Load.open({
    app: place.app,
    ledger,
    random: random.branch('load'),
    kinds: ['late'],
    backlog: 200,
    runMs: [0, 100],
  });
  const workers = await Promise.all([fleet.start(), fleet.start()]);
  load.start();

  const broken: string[] = [];
  const resumed: number[] = [];
  for (let fault = 0; fault < faults; fault += 1) {
    await load.reaches((tasks * fault) / faults);
    await strike(proxy);
    // Those that ran at the fault may still end: only what starts came through the wire.
    const tookMs = await load.next('started', Date.now(), WAIT_MS);
    if (tookMs === undefined) broken.push(`nothing ran within ${WAIT_MS} ms after fault ${fault + 1}`);
    else resumed.push(tookMs);
  }
  await load.reaches(tasks);
  await allBack(fleet, load, WAIT_MS);
  await load.stop();
  await load.drained(WAIT_MS);
  if (fleet.serving.length !== workers.length) broken.push('a worker did not outlive it');
  for (const { code } of await fleet.stop()) {
    if (code !== 0) broken.push(`a worker ended with ${code} instead of 0`);
  }
  load.reader.more();

  const verdict = check(load.reader.entries);
  const slowestMs = Math.max(0, ...resumed);
  if (slowestMs > RESUME_MS) broken.push(`work went on after ${slowestMs} ms, promised within ${RESUME_MS}`);
  const left = (await load.app.broker.size(place.queue)) + (await place.unsettled());
  if (left > 0) broken.push(`${left} messages were left behind`);
  // Until a silent wire is noticed, workers run what they had taken, and its acknowledgements are heard by nobody.
  const most = faults * workers.length * CONCURRENCY * PREFETCH_MULTIPLIER;
  const again = verdict.duplicated.length + verdict.restarted.length;
  if (again > most)
    broken.push(`${again} tasks ran more than once, ${most} could have been taken at a fault`);
  broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
  return judged({ stage, test, variant, verdict, faults, slowestMs, begunMs, broken });
}
