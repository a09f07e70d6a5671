import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { CeleryApp, readCeleryOptions } from '../../lib/index.js';
import { startRabbit } from '../../test/support/rabbitmq.js';
import { startRedis } from '../../test/support/redis.js';
import { inFlight, quantile } from '../measure.js';
import { TROUBLE_ONLY } from '../trouble-only.log.js';

// Two tenants share one queue and one task, which runs so many jobs of a tenant at a time. A floods the queue; B sends one
// job a second. How long does B wait?
//
//   node bench/dist/bench/floods/fairness.js --on redis --flood 100000 --seconds 60 --workers 1

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'redis' },
    flood: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '30' },
    workers: { type: 'string', default: '1' },
    slots: { type: 'string', default: '8' },
    limit: { type: 'string', default: 'concurrency' },
    /** Jobs that A sends a second; 0: as fast as it can. */
    pace: { type: 'string', default: '0' },
    /** Sent before B begins, and before any worker is there. */
    before: { type: 'boolean', default: false },
    /** A's sender does not know the task, and with it its limits, as one in Python does not. */
    stranger: { type: 'boolean', default: false },
    role: { type: 'string' },
    broker: { type: 'string', default: 'memory://fairness' },
    backend: { type: 'string', default: 'none' },
  },
});
const flood = Number(values.flood);
const place = { broker: values.broker, backend: values.backend };
const JOB_MS = 20;

/** From a worker to the parent. */
type Told = { readonly delayMs: number } | { readonly rss: number };

const open = async (tell?: (told: Told) => void): Promise<CeleryApp> => {
  const app = await CeleryApp.open(
    readCeleryOptions({ ...place, taskDefaultQueue: 'jobs', taskIgnoreResult: true }),
    {
      log: TROUBLE_ONLY,
    },
  );
  const stranger = values.stranger && values.role === 'flood';
  if (!stranger) define(app, tell);
  await app.broker.connect();
  return app;
};

function define(app: CeleryApp, tell: (told: Told) => void = () => undefined): void {
  const key = (tenant: string): string => tenant;
  const limit =
    values.limit === 'rate'
      ? { rateLimit: { max: 100, per: '1s', key } as const }
      : { concurrency: { max: 2, key } };
  app.defineTask('job', { ...limit, acksLate: true }, async (tenant: string, sentMs: number) => {
    if (tenant === 'b') tell({ delayMs: Date.now() - sentMs });
    await pause(JOB_MS);
  });
}

async function work(tell: (told: Told) => void): Promise<CeleryApp> {
  const app = await open(tell);
  await app.startWorker({ concurrency: Number(values.slots) });
  return app;
}

async function sendA(app: CeleryApp): Promise<void> {
  const pace = Number(values.pace);
  const some = pace === 0 ? flood : pace / 20;
  for (let sent = 0; sent < flood; sent += some) {
    const nextMs = performance.now() + 50;
    await inFlight(some, 200, () => app.client.applyAsync('job', { args: ['a', Date.now()] }));
    if (pace > 0) await pause(Math.max(0, nextMs - performance.now()));
  }
}

if (values.role === 'worker') {
  const app = await work((told) => process.send?.(told));
  setInterval(() => process.send?.({ rss: process.memoryUsage().rss }), 500).unref();
  process.on('message', () => void app.close(0).then(() => process.exit(0)));
} else if (values.role === 'flood') {
  const app = await open();
  await sendA(app);
  await app.close();
} else await measureAll();

async function measureAll(): Promise<void> {
  const server = await started();
  const delays: number[] = [];
  let [rss, mostRss] = [0, 0];
  const heard = (told: Told): void => {
    if ('delayMs' in told) delays.push(told.delayMs);
    else {
      rss = told.rss;
      mostRss = Math.max(mostRss, rss);
    }
  };
  const child = (role: string): ChildProcess =>
    fork(fileURLToPath(import.meta.url), [
      ...process.argv.slice(2),
      '--role',
      role,
      '--broker',
      place.broker,
      '--backend',
      place.backend,
    ]).on('message', heard);
  const ended = (some: ChildProcess) => new Promise<void>((resolve) => some.once('exit', () => resolve()));
  const alone = values.on === 'memory';

  const app = alone ? await work(heard) : await open();
  const flooding = async (): Promise<number> => {
    const startMs = performance.now();
    await (alone ? sendA(app) : ended(child('flood')));
    return performance.now() - startMs;
  };
  let floodMs = 0;
  if (values.before) floodMs = await flooding();
  const workers = alone ? [] : Array.from({ length: Number(values.workers) }, () => child('worker'));
  if (!values.before) await pause(2_000);
  const flooded = values.before ? Promise.resolve() : flooding().then((ms) => (floodMs = ms));
  let [sent, waiting, emptyMs] = [0, 0, 0];
  const startMs = performance.now();
  while (sent < Number(values.seconds)) {
    await app.client.applyAsync('job', { args: ['b', Date.now()] });
    sent += 1;
    await pause(1_000);
    waiting = await app.broker.size('jobs');
    if (waiting === 0 && emptyMs === 0) emptyMs = performance.now() - startMs;
  }
  await flooded;
  const deadlineMs = performance.now() + 60_000;
  while (delays.length < sent && performance.now() < deadlineMs) await pause(100);
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  console.log(
    `${values.on}, ${values.limit}, ${values.workers} worker(s): A sent ${flood} in ${ms(floodMs)}; B sent ${sent}, ${delays.length} ran, ` +
      `delay p50 ${ms(quantile(delays, 0.5))}, p99 ${ms(quantile(delays, 0.99))}, worst ${ms(Math.max(...delays))}; ` +
      `queue first seen empty after ${ms(emptyMs)}, ${waiting} waiting at the end; ` +
      `worker RSS ${(rss / 2 ** 20).toFixed(0)} MiB, most ${(mostRss / 2 ** 20).toFixed(0)} MiB`,
  );
  if (process.env['DELAYS'] !== undefined) console.log(delays.join(' '));
  for (const worker of workers) worker.send('stop');
  await Promise.all(workers.map(ended));
  await app.close(0);
  await server.stop();
}

async function started(): Promise<{ stop(): Promise<void> }> {
  if (values.on === 'memory') return { stop: async () => undefined };
  const redis = await startRedis();
  if (values.on === 'redis') {
    place.broker = redis.url;
    return redis;
  }
  const rabbit = await startRabbit();
  place.broker = rabbit.url;
  place.backend = `${redis.url}/1`;
  return { stop: async () => void (await Promise.all([redis.stop(), rabbit.stop()])) };
}
