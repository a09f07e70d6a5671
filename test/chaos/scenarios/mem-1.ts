import { join } from 'node:path';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { heapInUse } from '../heap.js';
import { judged } from '../judge.js';
import { isTimed, sized, type Row, type Scenario, type Stage, type Tier } from '../scenario.js';
import { openSilently } from '../silent-app.js';
import { steadily, type Growth } from '../steady.js';
import { memoryOf } from '../worker-heap.js';

const MIB = 2 ** 20;
const MOST_PER_MILLION = MIB;
/** Bytes by which the heap of a worker that keeps nothing differs: of a tenth of the tasks, it is more than what is looked for. */
const NOISE = MIB / 4;
const POOLS = ['async', 'solo', 'threads', 'prefork'] as const;
const SIZES = { async: 50, solo: 1, threads: 2, prefork: 2 } as const;

const TITLE = 'a million tasks leave nothing behind in a worker';

/** A steady load, with results: what a worker's heap holds in the end it held after a tenth. Threads have heaps of their own. */
export const mem1: Scenario = {
  id: 'MEM-1',
  title: TITLE,
  places: ['RabbitMQ', 'Redis'],
  variants: POOLS,
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const begunMs = performance.now();
    const { place, script, folder, tier } = stage;
    const pool = POOLS.find((each) => each === variant);
    if (pool === undefined) throw new Error(`No such pool: ${variant}`);
    const heap = join(folder, 'heap');
    const worker = { pool, concurrency: SIZES[pool] };
    await using fleet = new Fleet(script, { app: place.app, worker, ledger: join(folder, 'ledger'), heap });
    const app = await openSilently(place.app);
    try {
      const { pid } = await fleet.start();
      const left = async () => (await app.broker.size(place.queue)) + (await place.unsettled());
      const grown = await steadily(
        app,
        sized(tier, 1_000_000, 8_000),
        left,
        () => memoryOf(pid, heap),
        warmUpOf(tier),
      );
      return row(stage, variant, begunMs, grown);
    } finally {
      await app.close(0);
    }
  },
};

/** The same where client, broker and worker are one process. Nothing is stored: that would be what grows. */
export const mem1InMemory: Scenario = {
  id: 'MEM-1',
  title: TITLE,
  places: ['memory'],
  variants: ['async', 'solo'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const begunMs = performance.now();
    const { place, tier } = stage;
    const pool = variant === 'solo' ? variant : 'async';
    const app = await openSilently({ ...place.app, taskIgnoreResult: true });
    app.defineTask('hard.nothing', { acksLate: true }, (value: unknown) => value);
    const worker = await app.startWorker({ pool, concurrency: SIZES[pool] });
    try {
      const left = async () => (await app.broker.size(place.queue)) + worker.status.running;
      const measure = async () => ({ heap: heapInUse(), rss: process.memoryUsage.rss() });
      const grown = await steadily(app, sized(tier, 1_000_000, 8_000), left, measure, warmUpOf(tier));
      return row(stage, variant, begunMs, grown);
    } finally {
      await app.close(0);
    }
  },
};

/** Compiling goes on for some fifty thousand tasks. */
function warmUpOf(tier: Tier): number {
  return tier === 'full' ? 0.1 : 0.5;
}

function row(stage: Stage, variant: string, begunMs: number, { heap, rss, last }: Growth): Row {
  const million = (bytes: number): string => `${((bytes * 1_000_000) / MIB).toFixed(2)} MiB`;
  console.log(
    `    a million tasks: heap ${million(heap)}, RSS ${million(rss)}; in the end ` +
      `${(last.heap / MIB).toFixed(1)} and ${(last.rss / MIB).toFixed(0)} MiB`,
  );
  const size = sized(stage.tier, 1_000_000, 8_000);
  const grown = heap * size * (1 - warmUpOf(stage.tier));
  const isTooMuch = isTimed(stage.tier) && heap * 1_000_000 > MOST_PER_MILLION && grown > NOISE;
  const broken = isTooMuch ? [`the heap grows by ${million(heap)} with a million tasks`] : [];
  const verdict = { ...check([]), attempted: size, executed: size };
  return judged({ stage, test: 'MEM-1', variant, verdict, faults: 0, slowestMs: 0, begunMs, broken });
}
