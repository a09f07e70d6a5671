import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { Fleet, type Ending } from '../fleet.js';
import { Load } from '../load.js';
import { judged, promises } from '../judge.js';
import { startFaultProxy } from '../fault-proxy.js';
import type { CeleryOptions } from '../../../lib/index.js';
import { throughPort, withLeases } from '../place.js';
import { isTimed, sized, type Row, type Scenario, type Stage } from '../scenario.js';

const POOLS = { async: 8, threads: 2, prefork: 2 } as const;
type Pool = keyof typeof POOLS;
const isPool = (word: string): word is Pool => word in POOLS;

/** What running tasks have to end within. */
const GRACE_SECONDS = 10;
/** For connections, logs and the process itself, beyond the grace time. */
const SPARE_SECONDS = 2;

/**
 * SIGTERM at random moments, under load. Two workers go on; the third is stopped and replaced, again and again.
 * Half of the tasks are acknowledged early: none of them may be lost either, since nobody is killed. No lease runs out
 * meanwhile, so what a stop forgets stays forgotten.
 */
export const gs1: Scenario = {
  id: 'GS-1',
  title: 'SIGTERM at random moments under load',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(POOLS),
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    if (!isPool(variant)) throw new Error(`No pool: ${variant}`);
    return stopped(stage, 'GS-1', variant, withLeases(stage.place, '1h'));
  },
};

/** SIGTERM while claims and settlements are on their way, as their answers take 50 ms. */
export const gs2: Scenario = {
  id: 'GS-2',
  title: 'SIGTERM under load on a slow wire',
  places: ['RabbitMQ', 'Redis'],
  variants: ['async'],
  tiers: ['ci', 'full'],
  async run(stage) {
    const { place, random } = stage;
    await using proxy = await startFaultProxy(place.port, random.branch('wire'));
    proxy.delay('toClient', [40, 60]);
    return await stopped(stage, 'GS-2', 'async', throughPort(place, withLeases(place, '1h'), proxy.port));
  },
};

/** @param workerApp options of the workers; the client goes to the broker itself */
async function stopped(stage: Stage, test: string, pool: Pool, workerApp: CeleryOptions): Promise<Row> {
  const { tier, place, random, script, folder } = stage;
  const begunMs = performance.now();
  const ledger = join(folder, 'ledger');
  const worker = {
    pool,
    concurrency: POOLS[pool],
    shutdownGrace: `${GRACE_SECONDS}s` as const,
  };
  await using fleet = new Fleet(script, { app: workerApp, worker, ledger });
  await using load = await Load.open({
    app: place.app,
    ledger,
    random: random.branch('load'),
    kinds: ['late', 'early'],
    backlog: 200,
    runMs: tier === 'short' ? [0, 120] : [0, 60],
    delayed: 0.05,
  });
  await Promise.all([fleet.start(), fleet.start()]);
  load.start();

  const stops = sized(tier, 100, pool === 'async' ? 4 : 2);
  const exits: Promise<Ending & { readonly tookMs: number }>[] = [];
  for (let stop = 0; stop < stops; stop += 1) {
    await fleet.start();
    await pause(random.between(0, 250));
    const victim = random.pick(fleet.serving);
    const toldMs = performance.now();
    victim.signal('SIGTERM');
    const exit = victim.ended.then((ending) => ({ ...ending, tookMs: performance.now() - toldMs }));
    exits.push(exit);
    // The next one starts while this one stops, but there are never fewer than two.
    if (exits.length > 1) await exits.at(-2);
  }
  const gone = await Promise.all(exits);
  await load.stop();
  await load.drained(30_000);
  await fleet.stop();
  load.reader.more();

  const verdict = check(load.reader.entries);
  const slowestMs = Math.max(...gone.map(({ tookMs }) => tookMs));
  const left = (await load.app.broker.size(place.queue)) + (await place.unsettled());
  return judged({
    stage,
    test,
    variant: pool,
    verdict,
    faults: stops,
    slowestMs,
    begunMs,
    broken: [
      ...promises(verdict, ['lost', 'stuck', 'duplicated', 'restarted', 'unexpected']),
      ...gone.flatMap(({ code, signal }) =>
        code === 0 ? [] : [`a worker ended with ${code ?? signal ?? 'nothing'} instead of 0`],
      ),
      ...(isTimed(tier) && slowestMs > (GRACE_SECONDS + SPARE_SECONDS) * 1000
        ? [`a worker took ${Math.round(slowestMs)} ms to end`]
        : []),
      ...(left > 0 ? [`${left} messages were left behind`] : []),
      ...complaints(fleet, isTimed(tier) ? /WARN|ERROR/ : /ERROR/),
    ],
  });
}

function complaints(fleet: Fleet, worth: RegExp): string[] {
  const lines = fleet.complaints.filter((line) => worth.test(line));
  const [first] = lines;
  return first === undefined ? [] : [`${lines.length} lines of trouble, the first: ${first}`];
}
