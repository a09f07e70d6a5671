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
  app.defineTask(
    `job-${run}`,
    { rateLimit: { max: 1, per: '2s', key: (tenant: string) => tenant }, acksLate: true },
    (tenant: string, index: number) => void ran.push(`${tenant}${index}`),
  );
  const send = (tenant: string, index: number) =>
    app.client.applyAsync(`job-${run}`, { args: [tenant, index] });
  await send('a', 0);
  await app.startWorker({ concurrency: 4 });
  await eventually(() => ran.length === 1);

  for (let index = 1; index <= 3; index += 1) await send('a', index);
  await send('b', 0);

  await eventually(() => ran.includes('b0'));
  expect(ran).not.toContain('a3');
  await eventually(() => ran.length === 5, { withinMs: 60_000, what: 'the run of all' });
  expect(ran.toSorted()).toEqual(['a0', 'a1', 'a2', 'a3', 'b0']);
  await app.close();
}, 90_000);
