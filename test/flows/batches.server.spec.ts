import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CeleryApp, readCeleryOptions, type Batch, type CeleryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { compileLib } from '../support/compiled-lib.js';
import { eventually } from '../support/eventually.js';
import { own } from '../support/servers/process.js';

const LONG_MS = 60_000;
const VALUES = [0, 1, 2, 3, 4];
const redis = (db: number): string => `${inject('redisUrl')}/${db}`;
const BROKERS = [
  { name: 'Redis', broker: () => redis(12) },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
];

/** Takes a batch, says so, and never ends it. */
const HOLDER = `
import { Redis } from 'ioredis';
import { CeleryApp, readCeleryOptions } from './index.js';
import { silentLog } from './runtime/logger.js';
const { options, queue, lists } = JSON.parse(process.argv[2]);
const redis = new Redis(lists);
const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
const run = async (batch) => {
  await redis.rpush(queue, JSON.stringify(batch.map(({ id }) => id)));
  await new Promise(() => {});
};
app.defineTask('batch.hold', { batch: { size: 5, wait: '5m' }, acksLate: true }, run);
await app.startWorker({ queues: [queue], concurrency: 1, prefetchMultiplier: 8 });
`;

let lib: Awaited<ReturnType<typeof compileLib>>;
beforeAll(async () => {
  lib = await compileLib();
}, LONG_MS);
afterAll(() => lib[Symbol.asyncDispose]());

describe.each(BROKERS)('a batch on $name', ({ broker }) => {
  it(
    'whose worker is killed in the middle of it comes back whole, where it is acknowledged late',
    async () => {
      const queue = `batch-${randomUUID()}`;
      const options: CeleryOptions = {
        broker: broker(),
        backend: redis(14),
        taskQueues: [{ name: queue }],
        taskDefaultQueue: queue,
        // On Redis nobody notices a death but by the time that passes.
        ...(broker().startsWith('redis') && {
          brokerTransportOptions: { leaseTimeout: '1s', visibilityTimeout: '1s' },
        }),
      };
      const lists = new Redis(redis(15));
      const told = JSON.stringify({ options, queue, lists: redis(15) });
      const dying = own([process.execPath, await lib.script('batch-holder.mjs', HOLDER), told], process.env);
      const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
      const calls: string[][] = [];
      const run = (batch: Batch<[value: number]>): number[] => {
        calls.push(batch.map(({ id }) => id));
        return batch.map(({ args: [value] }) => value * 2);
      };
      app.defineTask('batch.hold', { batch: { size: 5, wait: '1s' }, acksLate: true }, run);
      try {
        const results = await Promise.all(
          VALUES.map((value) => app.client.applyAsync<number>('batch.hold', { args: [value] })),
        );
        const ids = results.map(({ id }) => id).toSorted();
        const taken = await lists.blpop(queue, 30);
        expect((JSON.parse(taken?.[1] ?? '[]') as string[]).toSorted()).toEqual(ids);
        dying.signal('SIGKILL');

        await app.startWorker({ queues: [queue], concurrency: 1, prefetchMultiplier: 8 });
        expect(await Promise.all(results.map((result) => result.get({ timeout: '30s' })))).toEqual([
          0, 2, 4, 6, 8,
        ]);
        expect(calls.flat().toSorted()).toEqual(ids);
        await eventually(async () => (await app.broker.size(queue)) === 0);
      } finally {
        await dying.end();
        await app.close(0);
        lists.disconnect();
      }
    },
    LONG_MS,
  );

  it('is stored for each of its messages, of which one is retried, also where it is acknowledged early', async () => {
    const queue = `batch-${randomUUID()}`;
    const app = await CeleryApp.open(
      readCeleryOptions({
        broker: broker(),
        backend: redis(14),
        taskQueues: [{ name: queue }],
        taskDefaultQueue: queue,
      }),
      { log: silentLog },
    );
    const sizes: number[] = [];
    app.defineTask('batch.sum', { batch: { size: 3, wait: '1s' } }, (batch: Batch<[value: number]>) => {
      sizes.push(batch.length);
      return batch.map((item) =>
        item.args[0] === 2 && item.retries === 0 ? item.retry({ countdown: 0 }) : item.args[0] + item.retries,
      );
    });
    try {
      await app.startWorker({ queues: [queue], concurrency: 1 });
      const sent = await Promise.all(
        [1, 2, 3].map((value) => app.client.applyAsync<number>('batch.sum', { args: [value] })),
      );
      expect(await Promise.all(sent.map((each) => each.get({ timeout: '20s' })))).toEqual([1, 3, 3]);
      expect(sizes.reduce((sum, size) => sum + size)).toBe(4);
    } finally {
      await app.close(0);
    }
  });
});
