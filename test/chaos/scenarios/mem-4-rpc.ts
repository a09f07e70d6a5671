import type { CeleryApp } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { keptByBroker } from '../at-broker.js';
import { check } from '../checker.js';
import { heapInUse } from '../heap.js';
import { judged } from '../judge.js';
import { isTimed, sized, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WAVE = 300;
/** Clients that send a task each and leave before its result comes. */
const CLIENTS = 20;
/** The backend keeps the latest 10,000 states: from then on the heap has to stand. */
const WARM_UP = 0.5;
const MOST_HEAP = 4 * 2 ** 20;

/** Results as messages: waits that end well, late or aborted, and clients that leave while theirs are on their way. */
export const mem4Rpc: Scenario = {
  id: 'MEM-4',
  title: 'waits for results that are messages leave nothing behind',
  places: ['RabbitMQ'],
  variants: ['rpc'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const begunMs = performance.now();
    const { tier, place } = stage;
    const options = { ...place.app, backend: 'rpc://' } as const;
    const worker = await openSilently(options);
    worker.defineTask('chaos.echo', {}, (value: unknown) => value);
    await worker.startWorker({ concurrency: 50 });
    const before = await keptByBroker(place);
    const waits = sized(tier, 200_000, WAVE * 4);
    const broken: string[] = [];
    let heap = 0;
    const client = await openSilently(options);
    try {
      for (let done = 0; done < waits; done += WAVE) {
        await Promise.allSettled(Array.from({ length: WAVE }, (_, index) => wait(client, index)));
        if (done < waits * WARM_UP) heap = heapInUse();
      }
      const grown = heapInUse() - heap;
      console.log(`    the heap grew by ${Math.round(grown / 1024)} KiB`);
      if (isTimed(tier) && grown > MOST_HEAP) broken.push(`the heap grew by ${grown} bytes`);
    } finally {
      await client.close(0);
    }
    for (let left = 0; left < CLIENTS; left += 1) {
      const leaver = await openSilently(options);
      await leaver.client.applyAsync('chaos.echo', { args: [left] });
      await leaver.close(0);
    }
    const more = async (): Promise<readonly string[]> =>
      (await keptByBroker(place)).filter((name) => !before.includes(name));
    await eventually(async () => (await more()).length === 0).catch(async () =>
      broken.push(`the broker keeps ${(await more()).slice(0, 5).join(', ')}`),
    );
    const left = await worker.broker.size(place.queue);
    if (left > 0) broken.push(`${left} tasks wait`);
    await worker.close(0);
    const verdict = { ...check([]), attempted: waits, executed: waits };
    return judged({ stage, test: 'MEM-4', variant, verdict, faults: CLIENTS, slowestMs: 0, begunMs, broken });
  },
};

/** A third comes, a third is for a task that nobody sent, a third is aborted. */
async function wait(app: CeleryApp, index: number): Promise<void> {
  const leave = new AbortController();
  const isSent = index % 3 !== 1;
  const result = isSent
    ? await app.client.applyAsync('chaos.echo', { args: [index] })
    : app.client.result(crypto.randomUUID());
  const got = result.get({ timeout: isSent ? '30s' : '50ms', signal: leave.signal });
  if (index % 3 === 2) leave.abort();
  await got;
}
