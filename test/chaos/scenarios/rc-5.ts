import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/servers/free-port.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { heapInUse } from '../heap.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

const NOT_READY_MS = 5_000;
const RESUME_MS = 5_000;
const MOST_HEAP = 20 * 2 ** 20;
const WAIT_MS = 60_000;

/** The broker is stopped for a while with everything open: nobody is told, and nothing answers. */
export const rc5: Scenario = {
  id: 'RC-5',
  title: 'frozen broker',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['frozen'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const { server } = place;
    if (server === undefined) throw new Error('RC-5 freezes its broker: it needs a private one');
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const port = await freePort();
    const health = { port, probeInterval: '500ms', probeTimeout: '2s' } as const;
    const app = { ...place.app, brokerHeartbeat: '5s', publishTimeout: '10s' } as const;
    await using fleet = new Fleet(script, { app, worker: { concurrency: 8, health }, ledger });
    await using load = await Load.open({
      app,
      ledger,
      random: random.branch('load'),
      kinds: ['late'],
      backlog: 100,
      runMs: [0, 20],
      pauseMs: 50,
    });
    await fleet.start();
    load.start();
    const faults = sized(tier, 10, 1);
    const frozenMs = sized(tier, 60_000, 5_000) + 6_000;
    const broken: string[] = [];
    const seen: number[] = [];
    let [slowestMs, grown] = [0, 0];
    for (let fault = 0; fault < faults; fault += 1) {
      await eventually(() => isReady(port), { withinMs: WAIT_MS, what: 'readiness' });
      await pause(random.between(500, 1_000));
      const heap = heapInUse();
      const sinceMs = performance.now();
      server.freeze();
      try {
        const isUnready = async () => !(await isReady(port));
        await eventually(isUnready, { withinMs: frozenMs, what: 'readiness lost' });
        seen.push(performance.now() - sinceMs);
        await pause(frozenMs - (performance.now() - sinceMs));
        grown = Math.max(grown, heapInUse() - heap);
      } finally {
        server.thaw();
      }
      const tookMs = await load.next('started', Date.now(), WAIT_MS);
      if (tookMs === undefined) broken.push(`nothing ran within ${WAIT_MS} ms after fault ${fault + 1}`);
      else slowestMs = Math.max(slowestMs, tookMs);
    }
    await load.stop();
    await load.drained(WAIT_MS);
    if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
    await fleet.stop();
    load.reader.more();
    const verdict = check(load.reader.entries);
    const seenMs = Math.round(Math.max(0, ...seen));
    console.log(
      `    not ready after ${seenMs} ms, the client's heap grew by ${Math.round(grown / 1024)} KiB`,
    );
    if (seenMs > NOT_READY_MS)
      broken.push(`readiness told after ${seenMs} ms, promised within ${NOT_READY_MS}`);
    if (slowestMs > RESUME_MS) broken.push(`a task ran after ${slowestMs} ms, promised within ${RESUME_MS}`);
    if (grown > MOST_HEAP) broken.push(`the client's heap grew by ${grown} bytes`);
    broken.push(...promises(verdict, ['lost', 'stuck', 'pending', 'denied', 'unexpected']));
    return judged({ stage, test: 'RC-5', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};

function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/ready`).then(({ ok }) => ok);
}
