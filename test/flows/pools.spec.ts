import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { gate, startWorld } from './world.js';

describe('named pools', () => {
  it('have places of their own: a full one keeps no other task waiting', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { heavy: { pool: 'cpu', run: () => door.opened }, light: () => 'done' },
      worker: { concurrency: 2, pools: { cpu: { concurrency: 1 } } },
    });
    const heavy = [await world.send('heavy'), await world.send('heavy'), await world.send('heavy')];
    await world.until(await world.send('light'), 'SUCCESS');
    expect(world.worker.status.pools).toEqual([
      { name: 'default', kind: 'async', size: 2, ready: 2, running: 0, waiting: 0 },
      { name: 'cpu', kind: 'async', size: 1, ready: 1, running: 1, waiting: 2 },
    ]);
    door.open();
    for (const id of heavy) await world.until(id, 'SUCCESS');
  });

  it.each([
    ['taken ahead', { prefetchMultiplier: 1 }],
    ['taken for free slots only', { disablePrefetch: true }],
  ])(
    'are reached past a flood for another one, where each has a queue of its own: %s',
    async (_, options) => {
      const door = gate();
      await using world = await startWorld({
        tasks: { heavy: { pool: 'cpu', acksLate: true, run: () => door.opened }, light: () => 'done' },
        worker: { concurrency: 2, pools: { cpu: { concurrency: 1 } }, queues: ['celery', 'cpu'], ...options },
      });
      for (let each = 0; each < 100; each += 1) await world.send('heavy', [], { queue: 'cpu' });
      await eventually(() => world.worker.status.running === 1);

      for (let each = 0; each < 5; each += 1) await world.until(await world.send('light'), 'SUCCESS');

      expect(world.worker.status.running).toBe(1);
      door.open();
      await eventually(() => world.worker.status.processed === 105);
    },
  );

  it('take for free slots of their own only, with disablePrefetch', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { heavy: { pool: 'cpu', acksLate: true, run: () => door.opened }, light: () => 'done' },
      worker: {
        concurrency: 8,
        pools: { cpu: { concurrency: 2 } },
        queues: ['celery', 'cpu'],
        disablePrefetch: true,
      },
    });
    for (let each = 0; each < 20; each += 1) await world.send('heavy', [], { queue: 'cpu' });
    await eventually(() => world.worker.status.running === 2);
    await world.until(await world.send('light'), 'SUCCESS');

    expect(world.worker.status).toMatchObject({ running: 2, waiting: 0 });
    expect(await world.broker.size('cpu')).toBe(18);
    await world.worker.resizePool(3, 'cpu');
    await eventually(() => world.worker.status.running === 3);
    expect(await world.broker.size('cpu')).toBe(17);
    door.open();
    await eventually(() => world.worker.status.processed === 21);
  });

  it('that a worker has not are said at its start; its own pool runs their tasks', async () => {
    await using world = await startWorld({ tasks: { heavy: { pool: 'gpu', run: () => 'done' } } });
    expect(world.lines).toContainEqual(expect.stringMatching(/^warn Task heavy names the pool "gpu"/));
    await world.until(await world.send('heavy'), 'SUCCESS');
  });
});

describe('another size while it runs', () => {
  it('takes effect at once, for what waits and for what is taken ahead', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { slow: { acksLate: true, run: () => door.opened } },
      worker: { concurrency: 1, prefetchMultiplier: 2 },
    });
    for (let each = 0; each < 12; each += 1) await world.send('slow');
    await eventually(() => world.worker.status.waiting === 1);
    await world.worker.resizePool(3);
    await eventually(() => world.worker.status.running === 3 && world.worker.status.waiting === 3);
    expect(await world.broker.size('celery')).toBe(6);
    await world.worker.resizePool(1);
    expect(world.worker.status.running).toBe(3);
    door.open();
    await world.idle();
    expect(world.worker.status.processed).toBe(12);
  });

  it('must be one that the pool can have', async () => {
    await using world = await startWorld({ tasks: {} });
    await expect(world.worker.resizePool(0)).rejects.toThrow(/size: expected an integer, 1 to/);
    await expect(world.worker.resizePool(2, 'gpu')).rejects.toThrow(/no pool "gpu"/);
  });
});

describe('autoscale', () => {
  it('grows with the load and takes ahead for the most it may grow to', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { slow: { acksLate: true, run: () => door.opened } },
      worker: { autoscale: { min: 1, max: 4 }, prefetchMultiplier: 1 },
    });
    for (let each = 0; each < 12; each += 1) await world.send('slow');
    await eventually(() => world.worker.status.waiting === 3);
    expect(world.worker.status.running).toBe(1);
    await world.clock.advance(1_000);
    await eventually(() => world.worker.status.running === 4);
    door.open();
    await world.idle();
    await world.clock.advance(31_000);
    expect(world.worker.status.pools[0]?.size).toBe(1);
  });

  it('can be told while it runs, and be ended by a size', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { slow: { acksLate: true, run: () => door.opened } },
      worker: { concurrency: 1, prefetchMultiplier: 1 },
    });
    for (let each = 0; each < 12; each += 1) await world.send('slow');
    await world.worker.autoscale({ min: 1, max: 5 });
    await eventually(() => world.worker.status.waiting > 0);
    await world.clock.advance(1_000);
    await eventually(() => world.worker.status.running === 5);
    await world.worker.resizePool(6);
    await eventually(() => world.worker.status.running === 6);
    door.open();
    await world.idle();
    await expect(world.worker.autoscale({ min: 3, max: 2 })).rejects.toThrow(/autoscale.min/);
  });
});
