import type { CeleryApp, AskOptions, CeleryOptions } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { keptByBroker } from '../at-broker.js';
import { check } from '../checker.js';
import { heapInUse } from '../heap.js';
import { judged } from '../judge.js';
import { isTimed, sized, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WORKERS = 2;
const WAVE = 50;
const WARM_UP = 0.2;
/** Of all together, once everything has been made for the first time. */
const MOST_HEAP = 2 * 2 ** 20;
/** Part of the questions whose answers may come after their time. */
const MOST_MISSED = 0.01;

/** Questions to the fleet that are answered, and questions to those who are not there. */
export const mem4Inspect: Scenario = {
  id: 'MEM-4',
  title: 'questions to the fleet leave nothing behind',
  places: ['RabbitMQ', 'Redis'],
  variants: ['inspect'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const begunMs = performance.now();
    const { tier, place } = stage;
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => aWorker(place.app)));
    const questions = sized(tier, 10_000, 200);
    const before = await keptByBroker(place);
    const broken: string[] = [];
    let [heap, missed] = [0, 0];
    const asker = await openSilently(place.app);
    const ask = async (index: number): Promise<void> => {
      const isAway = index % 3 === 0;
      const whom: AskOptions = isAway
        ? { destination: 'nobody@nowhere', timeout: '50ms' }
        : { timeout: '5s' };
      const replies = await asker.control.inspect(whom).ping();
      if (replies.length !== (isAway ? 0 : WORKERS)) missed += 1;
    };
    try {
      for (let asked = 0; asked < questions; asked += WAVE) {
        await Promise.all(Array.from({ length: WAVE }, (_, index) => ask(index)));
        if (asked < questions * WARM_UP) heap = heapInUse();
      }
      const grown = heapInUse() - heap;
      console.log(`    the heap grew by ${Math.round(grown / 1024)} KiB, ${missed} answers were others`);
      if (isTimed(tier) && grown > MOST_HEAP) broken.push(`the heap grew by ${grown} bytes`);
      // How soon all answer under load is another test's.
      if (missed > questions * MOST_MISSED) broken.push(`${missed} questions had not the answers of all`);
    } finally {
      await asker.close(0);
    }
    const more = async (): Promise<readonly string[]> =>
      (await keptByBroker(place)).filter((name) => !before.includes(name));
    await eventually(async () => (await more()).length === 0).catch(async () =>
      broken.push(`the broker keeps ${(await more()).slice(0, 5).join(', ')}`),
    );
    await Promise.all(workers.map((app) => app.close(0)));
    const verdict = { ...check([]), attempted: questions, executed: questions };
    return judged({ stage, test: 'MEM-4', variant, verdict, faults: 0, slowestMs: 0, begunMs, broken });
  },
};

async function aWorker(options: CeleryOptions): Promise<CeleryApp> {
  const app = await openSilently(options);
  await app.startWorker({ hostname: `chaos-${crypto.randomUUID()}@%h`, concurrency: 2 });
  return app;
}
