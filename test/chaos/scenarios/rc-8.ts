import { Redis } from 'ioredis';
import type { CeleryApp, CeleryOptions } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { startFaultProxy, type FaultProxy } from '../fault-proxy.js';
import { heapInUse, slope } from '../heap.js';
import { throughPort, type Place } from '../place.js';
import { sized, type Row, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WORKERS = 10;
/** Connections that come back after each cut are counted; the first cuts warm up. */
const WARM_UP_CUTS = 3;
const MOST_HEAP = 2 * 1024;
const WAIT_MS = 60_000;

/** Ten workers in this process lose their connections together, again and again. What there was is there again, no more. */
export const rc8: Scenario = {
  id: 'RC-8',
  title: 'a thousand reconnects leave nothing behind',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['cut'],
  tiers: ['short', 'ci', 'full'],
  async run({ tier, place, random }, variant): Promise<Row> {
    const begunMs = performance.now();
    await using proxy = await startFaultProxy(place.port, random.branch('wire'));
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);
    process.on('warning', onWarning);
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, () => aWorker(throughPort(place, place.app, proxy.port))),
    );
    const broken: string[] = [];
    const points: { at: number; bytes: number }[] = [];
    const reconnects = sized(tier, 1_000, 20);
    let [cuts, slowestMs, first, before] = [0, 0, 0, 0];
    let start: Inventory | undefined;
    try {
      await untilWell(workers, proxy);
      for (; cuts <= WARM_UP_CUTS || proxy.accepted - first < reconnects; cuts += 1) {
        if (cuts === WARM_UP_CUTS) {
          start = await inventory(place, proxy);
          first = proxy.accepted;
        }
        const cutMs = performance.now();
        before = proxy.accepted;
        proxy.cut();
        await eventually(() => proxy.accepted > before, { withinMs: WAIT_MS, what: 'a new connection' });
        await untilWell(workers, proxy);
        slowestMs = Math.max(slowestMs, performance.now() - cutMs);
        if (cuts >= WARM_UP_CUTS) points.push({ at: proxy.accepted - first, bytes: heapInUse() });
      }
      // RabbitMQ and Redis see the end of a connection a moment later, and timers end with what they were for.
      const same = async () => JSON.stringify(await inventory(place, proxy)) === JSON.stringify(start);
      await eventually(same, { withinMs: 10_000 }).catch(async () => {
        const after = JSON.stringify(await inventory(place, proxy));
        broken.push(`before: ${JSON.stringify(start)}, afterwards: ${after}`);
      });
    } finally {
      await Promise.all(workers.map((app) => app.close(0)));
      process.off('warning', onWarning);
    }
    const grows = slope(points.slice(Math.floor(points.length / 5)));
    console.log(`    ${proxy.accepted - first} reconnects, ${Math.round(grows)} bytes of heap each`);
    if (points.length >= 10 && grows > MOST_HEAP)
      broken.push(`the heap grows by ${Math.round(grows)} bytes with each reconnect`);
    broken.push(...warnings);
    const none = { executed: 0, lost: 0, duplicated: 0, restarted: 0, recovered: 0, unexpected: 0, stuck: 0 };
    return {
      ...none,
      test: 'RC-8',
      variant,
      place: place.name,
      size: proxy.accepted - first,
      faults: cuts,
      slowestMs: Math.round(slowestMs),
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken,
    };
  },
};

async function aWorker(options: CeleryOptions): Promise<CeleryApp> {
  const app = await openSilently(options);
  app.defineTask('chaos.late', {}, () => 0);
  await app.startWorker({ hostname: `chaos-${crypto.randomUUID()}@%h` });
  return app;
}

/** Every worker is connected and consumes, and no connection came or went for a while. */
async function untilWell(workers: readonly CeleryApp[], proxy: FaultProxy): Promise<void> {
  let [last, sinceMs] = ['', performance.now()];
  await eventually(
    () => {
      const now = `${proxy.standing} of ${proxy.accepted}`;
      if (now !== last) [last, sinceMs] = [now, performance.now()];
      const areWell = workers.every((app) => app.worker?.health.ready === true);
      return areWell && performance.now() - sinceMs > 300;
    },
    { withinMs: WAIT_MS, what: 'workers that are well again' },
  );
}

interface Inventory {
  readonly wires: number;
  /** As the broker counts them. */
  readonly atBroker: Readonly<Record<string, number>>;
  /** Of this process, by kind. */
  readonly sockets: number;
}

async function inventory(place: Place, proxy: FaultProxy): Promise<Inventory> {
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  return { wires: proxy.standing, atBroker: await countedByBroker(place), sockets };
}

async function countedByBroker({ server, app }: Place): Promise<Record<string, number>> {
  if (server !== undefined && 'ctl' in server) {
    const lists = ['connections', 'channels', 'consumers'] as const;
    const counts = await Promise.all(
      lists.map(async (list) => {
        const lines = (await server.ctl(`list_${list}`)).trim().split('\n');
        return [list, lines.length] as const;
      }),
    );
    return Object.fromEntries(counts);
  }
  if (!String(app.broker).startsWith('redis')) return {};
  const redis = new Redis(String(app.broker));
  try {
    const clients = String(await redis.client('LIST'))
      .trim()
      .split('\n');
    const ours = clients.filter((line) => line.includes('nestjs-celery'));
    const subscriptions = ours.filter((line) => !line.includes(' sub=0 psub=0')).length;
    return { clients: ours.length, subscriptions };
  } finally {
    redis.disconnect();
  }
}
