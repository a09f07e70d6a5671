import { setTimeout as pause } from 'node:timers/promises';
import type { CeleryApp, CeleryOptions } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { check } from '../checker.js';
import { startFaultProxy } from '../fault-proxy.js';
import { heapInUse, slope } from '../heap.js';
import { judged } from '../judge.js';
import { throughPort } from '../place.js';
import { isTimed, sized, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WORKERS = 2;
const PRODUCERS = 2;
/** Of each producer, around each cut. */
const TASKS = 50;
/** Cuts: by then everything has been made for the first time, and compiled. */
const WARM_UP = 40;
/** With each cut. */
const MOST_HEAP = 10 * 1024;
/** Of fewer cuts the slope says more about what the garbage collector has not looked at yet. */
const FEWEST_CUTS = 150;
const WAIT_MS = 60_000;

/** Producers and workers lose their connections while messages are on their way in all directions: nothing stays behind. */
export const mem2: Scenario = {
  id: 'MEM-2',
  title: 'cuts under load leave nothing behind',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['cut'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random } = stage;
    const begunMs = performance.now();
    await using proxy = await startFaultProxy(place.port, random.branch('wire'));
    const options = { ...throughPort(place, place.app, proxy.port), taskIgnoreResult: true };
    const ran = new Set<string>();
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => aWorker(options, ran)));
    const producers = await Promise.all(Array.from({ length: PRODUCERS }, () => openSilently(options)));
    const own = await openSilently(place.app);
    const left = async () => (await own.broker.size(place.queue)) + (await place.unsettled());
    const warmUp = tier === 'short' ? 3 : WARM_UP;
    const measured = sized(tier, 500, 10);
    const cuts = warmUp + (isTimed(tier) ? Math.max(FEWEST_CUTS, measured) : measured);
    const points: { at: number; bytes: number }[] = [];
    let [sent, acknowledged, slowestMs] = [0, 0, 0];
    const lost: string[] = [];
    try {
      for (let cut = 0; cut < cuts; cut += 1) {
        const known: string[] = [];
        const publish = async (app: CeleryApp): Promise<void> => {
          await pause(random.between(0, 30));
          const taskId = crypto.randomUUID();
          sent += 1;
          await app.client.applyAsync('chaos.noted', { taskId });
          known.push(taskId);
        };
        const sends = producers.flatMap((app) => Array.from({ length: TASKS }, () => publish(app)));
        await pause(random.between(0, 40));
        proxy.cut();
        const cutMs = performance.now();
        await Promise.allSettled(sends);
        const isOver = async () => known.every((id) => ran.has(id)) && (await left()) === 0;
        await eventually(isOver, { withinMs: WAIT_MS }).catch(() =>
          lost.push(...known.filter((id) => !ran.has(id))),
        );
        slowestMs = Math.max(slowestMs, performance.now() - cutMs);
        acknowledged += known.length;
        ran.clear();
        points.push({ at: cut, bytes: heapInUse() });
      }
    } finally {
      await Promise.all([...workers, ...producers, own].map((app) => app.close(0)));
    }
    const grows = Math.round(slope(points.slice(warmUp)));
    console.log(`    ${cuts} cuts, ${grows} bytes of heap each`);
    const broken: string[] = [];
    if (isTimed(tier) && grows > MOST_HEAP) broken.push(`the heap grows by ${grows} bytes with each cut`);
    const verdict = {
      ...check([]),
      attempted: sent,
      acknowledged,
      executed: acknowledged - lost.length,
      lost,
    };
    if (lost.length > 0) broken.push(`${lost.length} lost: ${lost[0]}`);
    return judged({ stage, test: 'MEM-2', variant, verdict, faults: cuts, slowestMs, begunMs, broken });
  },
};

async function aWorker(options: CeleryOptions, ran: Set<string>): Promise<CeleryApp> {
  const app = await openSilently(options);
  const code = ({ id }: { readonly id: string }): void => void ran.add(id);
  app.defineTask('chaos.noted', { bind: true, acksLate: true }, code);
  await app.startWorker({ hostname: `chaos-${crypto.randomUUID()}@%h`, concurrency: 20 });
  return app;
}
