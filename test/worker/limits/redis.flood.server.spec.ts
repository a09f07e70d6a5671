import { randomUUID } from 'node:crypto';
import { expect, inject, it } from 'vitest';
import { CeleryApp } from '../../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../../lib/nest/celery.options.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { eventually } from '../../support/eventually.js';

const MANY = 1_000;

it(
  "one tenant's flood stands in nobody's way, and each of its jobs runs once",
  { timeout: 120_000 },
  async () => {
    const globalKeyprefix = `t-${randomUUID()}:`;
    const open = () =>
      CeleryApp.open(
        readCeleryOptions({
          broker: inject('redisUrl'),
          backend: 'none',
          brokerTransportOptions: { globalKeyprefix },
          taskAcksLate: true,
        }),
        { log: silentLog },
      );
    const runs = new Map<string, number>();
    const order: string[] = [];
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const startWorker = async (): Promise<CeleryApp> => {
      const app = await open();
      app.defineTask(
        'job',
        { concurrency: { max: 2, key: (tenant: string) => tenant } },
        async (tenant: string, index: number) => {
          order.push(tenant);
          runs.set(`${tenant}${index}`, (runs.get(`${tenant}${index}`) ?? 0) + 1);
          if (tenant === 'a') await released;
        },
      );
      await app.startWorker({ concurrency: 4 });
      return app;
    };
    const client = await open();
    await client.broker.connect();
    for (let from = 0; from < MANY; from += 500) {
      const some = Array.from({ length: 500 }, (_, index) => from + index);
      await Promise.all(some.map((index) => client.client.applyAsync('job', { args: ['a', index] })));
    }
    await client.client.applyAsync('job', { args: ['b', 0] });
    const workers = [await startWorker(), await startWorker()];

    await eventually(() => order.includes('b'), { withinMs: 60_000, what: 'the run of b' });
    expect(order.filter((tenant) => tenant === 'a')).toHaveLength(2);
    await eventually(async () => (await client.broker.size('celery')) === 0, { withinMs: 60_000 });

    release();
    await eventually(() => runs.size === MANY + 1, { withinMs: 60_000, what: 'the run of all' });
    expect([...runs.values()].every((times) => times === 1)).toBe(true);
    await Promise.all(workers.map((app) => app.close()));
    await client.close();
  },
);
