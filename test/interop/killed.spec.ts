import { describe, expect, inject, it } from 'vitest';
import type { CeleryOptions } from '../../lib/index.js';
import { compileLib } from '../support/compiled-lib.js';
import { startPythonWorker } from '../support/python.js';
import { own } from '../support/servers/process.js';
import { Lists } from './lists.js';
import { ourSide, ownQueues, pythonSide, startOurWorker, type InteropUrls } from './world.js';

const LONG_MS = 60_000;
const HELD = [0, 1, 2, 3, 4];

const redis = (db: number): string => `${inject('redisUrl')}/${db}`;
const PAIRS = [
  { name: 'Redis', broker: () => redis(13) },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
];

/** On Redis nobody notices a death but by the time that passes. */
const IMPATIENT: CeleryOptions = { brokerTransportOptions: { leaseTimeout: '1s', visibilityTimeout: '1s' } };

/** A worker of ours that takes `both.hold` and never ends one. */
const HOLDER = `
import { Redis } from 'ioredis';
import { CeleryApp, readCeleryOptions } from './index.js';
import { silentLog } from './runtime/logger.js';
const { options, queue, lists } = JSON.parse(process.argv[2]);
const redis = new Redis(lists);
const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
const run = async (task, number, into) => {
  await redis.rpush(into, JSON.stringify({ by: 'js', id: task.id, value: number, root: task.rootId, parent: null }));
  await new Promise(() => {});
};
app.defineTask('both.hold', { bind: true, acksLate: true, params: ['number', 'into', 'gate?'] }, run);
await app.startWorker({ queues: [queue], concurrency: 1, prefetchMultiplier: 8 });
`;

async function aDeath({ broker }: (typeof PAIRS)[number]) {
  const urls: InteropUrls = { broker: broker(), backend: redis(14), lists: redis(15) };
  const queues = ownQueues();
  const patient = ourSide(urls, queues);
  const options = urls.broker.startsWith('redis') ? { ...patient, ...IMPATIENT } : patient;
  const lists = new Lists(urls.lists);
  const watching = await startOurWorker(options, lists, [queues.js]);
  return {
    urls,
    queues,
    options,
    lists,
    /** Tasks that are taken together; the first holds its worker up. */
    send: async (into: string) => {
      const send = (number: number) =>
        watching.client.applyAsync<string>('both.hold', { args: [number, into, `${into}-gate`] });
      const results = [];
      for (const number of HELD) results.push(await send(number));
      return results;
    },
    async [Symbol.asyncDispose]() {
      await watching[Symbol.asyncDispose]();
      await lists[Symbol.asyncDispose]();
    },
  };
}

describe.each(PAIRS)('a worker killed with -9 on $name', (pair) => {
  it(
    'held tasks of a Python worker, acknowledged late: we run each of them',
    async () => {
      await using world = await aDeath(pair);
      const { urls, queues, lists, options } = world;
      const into = `died-${queues.both}`;
      const dying = await startPythonWorker(pythonSide(urls, queues), [queues.both], `py@${queues.both}`, 1);
      const results = await world.send(into);
      expect(await lists.next(into)).toMatchObject({ by: 'py', value: 0 });
      await dying.kill();
      // What it had not taken yet is not redelivered.
      for (const _held of HELD) await lists.open(`${into}-gate`);

      await using _ours = await startOurWorker(options, lists, [queues.both]);
      expect(await Promise.all(results.map((result) => result.get({ timeout: 20 })))).toEqual(
        HELD.map(() => 'js'),
      );
      const ran = (await lists.take(into, HELD.length)).map(({ value }) => value);
      expect(ran.map(Number).toSorted((a, b) => a - b)).toEqual(HELD);
      expect(await lists.left(into)).toBe(0);
    },
    LONG_MS,
  );

  it(
    'held tasks of ours, acknowledged late: Python runs each of them',
    async () => {
      await using lib = await compileLib();
      await using world = await aDeath(pair);
      const { urls, queues, lists, options } = world;
      const into = `died-${queues.both}`;
      const told = JSON.stringify({ options, queue: queues.both, lists: urls.lists });
      const dying = own([process.execPath, await lib.script('holder.mjs', HOLDER), told], process.env);
      const results = await world.send(into);
      expect(await lists.next(into)).toMatchObject({ by: 'js', value: 0 });
      await dying.end();
      for (const _held of HELD) await lists.open(`${into}-gate`);

      await using _python = await startPythonWorker(
        pythonSide(urls, queues),
        [queues.both],
        `py@${queues.both}`,
        1,
      );
      expect(await Promise.all(results.map((result) => result.get({ timeout: 20 })))).toEqual(
        HELD.map(() => 'py'),
      );
      const ran = (await lists.take(into, HELD.length)).map(({ value }) => value);
      expect(ran.map(Number).toSorted((a, b) => a - b)).toEqual(HELD);
      expect(await lists.left(into)).toBe(0);
    },
    LONG_MS,
  );
});
