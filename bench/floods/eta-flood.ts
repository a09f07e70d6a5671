import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CeleryApp, readCeleryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { startRabbit } from '../../test/support/rabbitmq.js';
import { startRedis } from '../../test/support/redis.js';
import { inFlight, quantile } from '../measure.js';

// A worker while tasks that are due in an hour come in by the hundred thousand: its memory, and how long tasks wait
// meanwhile that are due at once.
//
//   node bench/dist/bench/floods/eta-flood.js --on redis --flood 200000

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'redis' },
    flood: { type: 'string', default: '200000' },
    slots: { type: 'string', default: '8' },
    role: { type: 'string' },
    broker: { type: 'string', default: '' },
  },
});
const flood = Number(values.flood);
const place = { broker: values.broker, backend: 'none' };

type Told = { readonly delayMs: number } | { readonly rss: number; readonly heap: number };

const open = async (): Promise<CeleryApp> => {
  const config = readCeleryOptions({ ...place, taskDefaultQueue: 'jobs', taskIgnoreResult: true });
  const app = await CeleryApp.open(config, { log: silentLog });
  await app.broker.connect();
  return app;
};

const now = (app: CeleryApp) => app.client.applyAsync('now', { args: [Date.now()] });

switch (values.role) {
  case 'worker':
    await work();
    break;
  case 'flood': {
    const app = await open();
    await inFlight(flood, 200, () => app.client.applyAsync('later', { args: [1], countdown: '1h' }));
    await app.close();
    break;
  }
  default:
    await measureAll();
}

async function work(): Promise<void> {
  const app = await open();
  app.defineTask('later', {}, () => null);
  app.defineTask('now', {}, (sentMs: number) => {
    process.send?.({ delayMs: Date.now() - sentMs });
  });
  await app.startWorker({ concurrency: Number(values.slots) });
  setInterval(() => {
    globalThis.gc?.();
    const { rss, heapUsed: heap } = process.memoryUsage();
    process.send?.({ rss, heap });
  }, 1_000).unref();
  process.on('message', () => void app.close(0).then(() => process.exit(0)));
}

async function measureAll(): Promise<void> {
  const server = values.on === 'redis' ? await startRedis() : await startRabbit();
  place.broker = server.url;
  let delays: number[] = [];
  const seen: { rss: number; heap: number }[] = [];
  const worker = child('worker').on('message', (told: Told) => {
    if ('delayMs' in told) delays.push(told.delayMs);
    else seen.push(told);
  });
  const app = await open();
  // Warm, so that the flood alone shows.
  await inFlight(20_000, 100, () => now(app));
  await until(() => delays.length === 20_000);
  seen.length = 0;
  await until(() => seen.length >= 3);
  const before = seen.at(-1);
  delays = [];
  const calm = await probe(app, 50);

  delays = [];
  const startMs = performance.now();
  let flooding = true;
  const flooded = ended(child('flood')).then(() => (flooding = false));
  while (flooding) await probe(app, 1);
  const sentMs = performance.now() - startMs;
  while ((await app.broker.size('jobs')) > 0) await probe(app, 1);
  const takenMs = performance.now() - startMs;
  await flooded;
  const during = delays;
  seen.splice(0, seen.length - 1);
  await until(() => seen.length >= 4);
  const after = seen.at(-1);
  const most = Math.max(...seen.map(({ rss }) => rss));
  delays = [];
  const rateMs = performance.now();
  await inFlight(10_000, 100, () => now(app));
  await until(() => delays.length === 10_000);
  const perSecond = 10_000_000 / (performance.now() - rateMs);

  const mib = (bytes = 0): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const shown = (some: readonly number[]): string =>
    `p50 ${quantile(some, 0.5)} ms, p99 ${quantile(some, 0.99)} ms, worst ${Math.max(...some)} ms`;
  console.log(
    [
      `${values.on}: ${flood} tasks due in an hour, sent in ${(sentMs / 1000).toFixed(1)} s, all put away after ${(takenMs / 1000).toFixed(1)} s`,
      `worker RSS ${mib(before?.rss)} before, ${mib(after?.rss)} after, ${mib(most)} at most then; heap ${mib(before?.heap)} before, ${mib(after?.heap)} after`,
      `tasks due at once: calm ${shown(calm)}; during the flood ${shown(during)} (${during.length} sent)`,
      `with the flood put away: ${perSecond.toFixed(0)} tasks due at once a second`,
    ].join('\n  '),
  );
  worker.send('stop');
  await ended(worker);
  await app.close(0);
  await server.stop();

  /** One task due at once every 50 ms. */
  async function probe(through: CeleryApp, count: number): Promise<number[]> {
    for (let each = 0; each < count; each += 1) {
      await now(through);
      await pause(50);
    }
    return delays;
  }
}

function child(role: string): ChildProcess {
  const args = [...process.argv.slice(2), '--role', role, '--broker', place.broker];
  return fork(fileURLToPath(import.meta.url), args, { execArgv: ['--expose-gc'] });
}

function ended(some: ChildProcess): Promise<void> {
  return new Promise((resolve) => some.once('exit', () => resolve()));
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await pause(20);
}
