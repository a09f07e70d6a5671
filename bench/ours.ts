import { randomUUID } from 'node:crypto';
import { CeleryApp, readCeleryOptions, type CeleryOptions, type Worker } from 'nestjs-celery';
import { Redis } from 'ioredis';
import amqp from 'amqplib';
import { inFlight, rate, type Contender, type Sample } from './measure.js';
import { latencies } from './raw.js';
import { TROUBLE_ONLY } from './trouble-only.log.js';

/** What a benchmark's broker and backend are called, and how its leftovers go away. */
export interface Place {
  readonly broker: string;
  readonly backend: string;
}

async function openApp(place: Place, queue: string, options: CeleryOptions = {}): Promise<CeleryApp> {
  const config = readCeleryOptions({ ...place, taskDefaultQueue: queue, ...options });
  return CeleryApp.open(config, { log: TROUBLE_ONLY });
}

export function publish(place: Place, count: number, width: number): Contender {
  return {
    name: 'nestjs-celery',
    promise: place.broker.startsWith('amqp') ? 'confirmed and routed' : 'as the broker',
    async open() {
      const queue = `bench-${randomUUID()}`;
      const app = await openApp(place, queue);
      await app.broker.connect();
      await app.client.applyAsync('bench.noop', { args: [2, 3] });
      const send = () => app.client.applyAsync('bench.noop', { args: [2, 3], ignoreResult: true });
      return {
        run: () => rate(count, () => inFlight(count, width, send)),
        close: async () => {
          await app.broker.purge(queue);
          await app.close();
          await drop(place, queue);
        },
      };
    },
  };
}

export type Mode = 'early ack' | 'late ack' | 'late ack, result stored';

export function process_(place: Place, count: number, concurrency: number, mode: Mode): Contender {
  return {
    name: `nestjs-celery, ${mode}`,
    promise: mode === 'early ack' ? 'at most once' : 'at least once',
    async open() {
      const queue = `bench-${randomUUID()}`;
      const app = await openApp(place, queue, { taskAcksLate: mode !== 'early ack', resultExpires: '5m' });
      const counted = counter(app, count, mode !== 'late ack, result stored');
      await app.broker.connect();
      await inFlight(count, 500, () => app.client.applyAsync('bench.noop', { args: [2, 3] }));
      let worker: Worker | undefined;
      return {
        run: () =>
          rate(count, async () => {
            worker = await app.startWorker({ concurrency, prefetchMultiplier: 4 });
            await counted.all;
          }),
        close: async () => {
          await worker?.stop();
          await app.close();
          await drop(place, queue);
        },
      };
    },
  };
}

export function roundTrip(place: Place, count: number): Contender {
  return {
    name: 'nestjs-celery',
    promise: 'as the broker, result stored',
    async open() {
      const queue = `bench-${randomUUID()}`;
      const [client, server] = [await openApp(place, queue), await openApp(place, queue)];
      counter(server, Number.POSITIVE_INFINITY, false);
      await server.startWorker({ concurrency: 10 });
      const ask = async () => (await client.client.applyAsync('bench.noop', { args: [2, 3] })).get();
      await ask();
      return {
        run: (): Promise<Sample> => latencies(count, ask),
        close: async () => {
          await client.close();
          await server.close();
          await drop(place, queue);
        },
      };
    },
  };
}

/** Registers the no-op task; resolves once it ran `count` times and the last one is settled. */
function counter(app: CeleryApp, count: number, ignoreResult: boolean): { all: Promise<void> } {
  let seen = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  app.defineTask('bench.noop', { ignoreResult }, (a: number, b: number) => {
    seen += 1;
    if (seen === count) setImmediate(done);
    return a + b;
  });
  return { all };
}

async function drop(place: Place, queue: string): Promise<void> {
  if (place.broker.startsWith('amqp')) {
    const connection = await amqp.connect(place.broker);
    const channel = await connection.createChannel();
    await channel.deleteQueue(queue);
    await channel.deleteExchange(queue);
    await connection.close();
  }
  if (place.backend.startsWith('redis')) {
    const redis = new Redis(place.backend);
    await redis.flushdb();
    redis.disconnect();
  }
}
