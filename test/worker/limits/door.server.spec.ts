import { randomUUID } from 'node:crypto';
import { expect, inject, it } from 'vitest';
import { CeleryApp } from '../../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../../lib/nest/celery.options.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { eventually } from '../../support/eventually.js';

it('RabbitMQ: what is over its limit as it is sent waits in the broker, before no other', async () => {
  const run = randomUUID().slice(0, 8);
  const queue = `door-${run}`;
  const app = await CeleryApp.open(
    readCeleryOptions({
      broker: inject('rabbitUrl'),
      backend: inject('redisUrl'),
      taskDefaultQueue: queue,
      taskIgnoreResult: true,
    }),
    { log: silentLog },
  );
  const ran: string[] = [];
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  app.defineTask(
    `job-${run}`,
    { concurrency: { max: 1, key: (tenant: string) => tenant }, acksLate: true },
    async (tenant: string, index: number) => {
      ran.push(`${tenant}${index}`);
      if (tenant === 'a' && index === 0) await released;
    },
  );
  const send = (tenant: string, index: number) =>
    app.client.applyAsync(`job-${run}`, { args: [tenant, index] });
  await send('a', 0);
  const worker = await app.startWorker({ concurrency: 4 });
  await eventually(() => ran.length === 1);
  const taken = worker.status.processed;

  for (let index = 1; index <= 50; index += 1) await send('a', index);
  await send('b', 0);

  await eventually(() => ran.includes('b0'));
  expect(ran).toEqual(['a0', 'b0']);
  expect(await app.broker.size(queue)).toBe(0);
  expect(worker.status.processed).toBe(taken + 1);

  release();
  await eventually(() => ran.length === 52, { withinMs: 60_000, what: 'the run of all' });
  expect(new Set(ran).size).toBe(52);
  await app.close();
}, 90_000);
