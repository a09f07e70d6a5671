import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { startFrameProxy } from '../protocol/frame-proxy.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { empty, openSender } from '../publishing.js';
import { redisReader } from '../protocol/redis.js';
import { sized, type Scenario, type Tier } from '../scenario.js';
import { idsNotStored } from '../stored.js';

/** Until a result must be stored. */
const STORE_MS = 3_000;
const WAIT_MS = 60_000;

/** How long the backend is away, ms. */
const AWAY: Readonly<Record<string, (tier: Tier) => number>> = {
  'away for 2 s': () => 2_000,
  'away for longer than its deadline': (tier) => sized(tier, 60_000, 5_000) + 4_000,
  'away for ever': (tier) => sized(tier, 60_000, 5_000) + 4_000,
};

/** The result backend is away when late tasks end: none is acknowledged before its result is stored. */
export const res2: Scenario = {
  id: 'RES-2',
  title: 'a result backend that is away',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(AWAY),
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const awayMs = AWAY[variant]?.(tier) ?? 0;
    const ledger = join(folder, 'ledger');
    const backend = String(place.app.backend);
    const backendPort = Number(new URL(backend).port);
    await using proxy = await startFrameProxy(backendPort, random.branch('wire'), redisReader);
    const app = {
      ...place.app,
      backend: backend.replace(`:${backendPort}`, `:${proxy.port}`),
      resultBackendTimeout: `${STORE_MS}ms`,
    } as const;
    await using fleet = new Fleet(script, { app, worker: { concurrency: 50, shutdownGrace: '5s' }, ledger });
    await using load = await openSender(stage, ledger);
    await fleet.start();
    const first = await load.send('late', 0);
    if (first === undefined) throw new Error('Nothing can be sent');
    await load.app.client.result(first).get({ timeout: WAIT_MS / 1_000 });
    await empty(place, load);

    const tasks = sized(tier, 500, 50);
    proxy.judge(() => 'cut');
    proxy.cut();
    await Promise.all(Array.from({ length: tasks }, () => load.send('late', random.between(0, 100))));
    await pause(awayMs);
    const broken: string[] = [];
    let left: number | undefined;
    if (variant === 'away for ever') {
      await fleet.stop();
      left = (await load.app.broker.size(place.queue)) + (await place.unsettled());
      if (left !== tasks) broken.push(`${left} of ${tasks} are in the broker still`);
    }
    proxy.heal();
    const backMs = performance.now();
    if (variant === 'away for ever') await fleet.start();
    await load.drained(WAIT_MS);
    const { entries } = load.reader;
    const unstored = () => idsNotStored(load.app, check(entries), entries);
    // A task that has run waits for its result to be stored, or to run again.
    const areStored = async () => (await unstored()).length === 0;
    await eventually(areStored, { withinMs: WAIT_MS }).catch(async () => {
      const missing = await unstored();
      broken.push(`${missing.length} have no stored end: ${missing[0]}`);
    });
    const slowestMs = performance.now() - backMs;
    if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
    await fleet.stop();
    await empty(place, load);
    load.reader.more();
    const verdict = check(entries);
    broken.push(...promises(verdict, ['lost', 'stuck', 'pending', 'denied', 'unexpected']));
    return judged({ stage, test: 'RES-2', variant, verdict, faults: 1, slowestMs, begunMs, broken });
  },
};
