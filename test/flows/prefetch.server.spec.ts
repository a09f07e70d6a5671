import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { CeleryApp } from '../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../lib/nest/celery.options.js';
import { silentLog } from '../../lib/runtime/logger.js';
import type { WorkerOptions } from '../../lib/worker/worker.options.js';
import { eventually } from '../support/eventually.js';
import { gate } from './world.js';

describe.each([
  { name: 'Redis', broker: () => inject('redisUrl') },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
])('a worker on $name', ({ broker }) => {
  /** Its heavy tasks wait for the door. */
  async function openWorld(options: (queues: readonly [string, string]) => WorkerOptions) {
    const id = randomUUID().slice(0, 8);
    const [one, two] = [`prefetch-${id}-1`, `prefetch-${id}-2`] as const;
    const app = await CeleryApp.open(readCeleryOptions({ broker: broker() }), { log: silentLog });
    const door = gate();
    let light = 0;
    app.defineTask('heavy', { acksLate: true, pool: 'cpu' }, () => door.opened);
    app.defineTask('light', {}, () => (light += 1));
    const worker = await app.startWorker({
      hostname: `${id}@test`,
      heartbeatInterval: 0,
      ...options([one, two]),
    });
    const send = async (task: string, queue: string, count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => app.client.applyAsync(task, { queue })));
    };
    const left = (queue: string) => app.broker.size(queue);
    return {
      app,
      one,
      two,
      worker,
      door,
      send,
      left,
      lightDone: () => light,
      /** So many are in its hands; the others wait in the broker. */
      holds: (count: number, waiting: number) =>
        eventually(
          async () => {
            const { running, waiting: taken } = worker.status;
            return running + taken === count && (await left(one)) + (await left(two)) === waiting;
          },
          { withinMs: 20_000, what: `${count} taken and ${waiting} left` },
        ),
      async [Symbol.asyncDispose]() {
        door.open();
        await app.broker.purge(one);
        await app.broker.purge(two);
        await app.close();
      },
    };
  }

  it('takes the multiplier times the slots, also when its pool grows and a queue is added', async () => {
    await using world = await openWorld(([one]) => ({
      queues: [one],
      concurrency: 1,
      prefetchMultiplier: 2,
    }));
    const { worker, one, two } = world;
    await world.send('heavy', one, 20);
    await world.send('heavy', two, 20);
    await world.holds(2, 38);

    await worker.resizePool(3);
    await world.holds(6, 34);
    await worker.resizePool(6);
    await world.holds(12, 28);

    await worker.resizePool(1);
    world.door.open();
    await eventually(() => worker.status.processed === 20, { withinMs: 20_000 });
  });

  it('shares it with a queue that is added', async () => {
    await using world = await openWorld(([one]) => ({
      queues: [one],
      concurrency: 3,
      prefetchMultiplier: 2,
    }));
    const { worker, one, two } = world;
    await world.app.control.fleet({ destination: worker.hostname }).addConsumer(two);
    await world.send('heavy', one, 20);
    await world.send('heavy', two, 20);
    await world.holds(6, 34);
  });

  it('reaches the tasks of one pool past a flood for another that has a queue of its own', async () => {
    await using world = await openWorld((queues) => ({
      queues,
      concurrency: 2,
      prefetchMultiplier: 1,
      pools: { cpu: { concurrency: 1 } },
    }));
    await world.send('heavy', world.one, 200);
    await eventually(() => world.worker.status.running === 1, { withinMs: 20_000 });

    await world.send('light', world.two, 50);
    await eventually(() => world.lightDone() === 50, { withinMs: 20_000 });

    expect(world.worker.status.running).toBe(1);
    expect(await world.left(world.one)).toBeGreaterThan(190);
  });
});
