import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { gate, startWorld } from './world.js';

describe('a task with an ETA', () => {
  it('waits in the broker and runs when it is due', async () => {
    const ranAt: number[] = [];
    await using world = await startWorld({
      tasks: { later: () => void ranAt.push(world.clock.monotonicMs()) },
    });
    await world.send('later', [], { countdown: '1h' });
    await world.clock.advance(3_599_000);
    expect(world.worker.status).toMatchObject({ held: 0, waiting: 0, running: 0 });
    expect(ranAt).toEqual([]);
    await world.clock.advance(1_000);
    await eventually(() => ranAt.length === 1);
    expect(ranAt).toEqual([3_600_000]);
  });

  it('far beyond what a timer can count does not run early', async () => {
    let runs = 0;
    await using world = await startWorld({ tasks: { later: () => (runs += 1) } });
    await world.send('later', [], { countdown: '60d' });
    await world.clock.advance(59 * 86_400_000);
    expect(runs).toBe(0);
    await world.clock.advance(86_400_000);
    await eventually(() => runs === 1);
  });

  it('in the past runs at once', async () => {
    await using world = await startWorld({ tasks: { late: () => 1 } });
    await world.until(await world.send('late', [], { eta: new Date('2020-01-01T00:00:00Z') }), 'SUCCESS');
  });

  it('waits in the worker within etaHold, at most half of the prefetch; the others wait in the broker', async () => {
    let runs = 0;
    await using world = await startWorld({
      tasks: { soon: () => (runs += 1) },
      worker: { concurrency: 2, prefetchMultiplier: 4, etaHold: '1m' },
    });
    for (let each = 0; each < 20; each += 1) await world.send('soon', [], { countdown: 30 });
    await eventually(() => world.worker.status.held === 4);
    await world.clock.advance(0);
    expect(world.broker.held.size).toBe(4);
    expect(await world.broker.size('celery')).toBe(0);
    await world.clock.advance(30_000);
    await eventually(() => runs === 20);
  });

  it('does not keep others from running', async () => {
    await using world = await startWorld({
      tasks: { later: () => 1, now: () => 2 },
      worker: { concurrency: 1, prefetchMultiplier: 1 },
    });
    for (let each = 0; each < 100; each += 1) await world.send('later', [], { countdown: '1d' });
    await world.until(await world.send('now'), 'SUCCESS');
  });
});

describe('a task that expires', () => {
  it('does not run after that, and is stored as revoked', async () => {
    let runs = 0;
    const door = gate();
    await using world = await startWorld({
      tasks: { hold: () => door.opened, late: () => (runs += 1) },
      worker: { concurrency: 1 },
    });
    await world.send('hold');
    const id = await world.send('late', [], { expires: 10 });
    await eventually(() => world.worker.status.waiting === 1);
    await world.clock.advance(10_001);
    door.open();
    const meta = await world.until(id, 'REVOKED');
    expect(meta.result).toEqual({
      exc_type: 'TaskRevokedError',
      exc_message: ['expired'],
      exc_module: 'celery.exceptions',
    });
    expect(runs).toBe(0);
    expect(world.lines).toContainEqual(`log Discarding revoked task: late[${id}] (expired)`);
    expect(world.broker.held.size).toBe(0);
  });

  it('is looked at again when it has become due', async () => {
    let runs = 0;
    await using world = await startWorld({
      tasks: { late: () => (runs += 1) },
      worker: { etaHold: '1h' },
    });
    const id = await world.send('late', [], { countdown: 20, expires: 10 });
    await eventually(() => world.worker.status.held === 1);
    await world.clock.advance(20_000);
    await world.until(id, 'REVOKED');
    expect(runs).toBe(0);
  });
});

it('a revoked task does not run', async () => {
  let runs = 0;
  await using world = await startWorld({
    tasks: { dull: () => (runs += 1) },
    deps: { isRevoked: ({ id }) => id === 'bad' },
  });
  await world.send('dull', [], { taskId: 'bad' });
  const meta = await world.until('bad', 'REVOKED');
  expect(meta.result).toMatchObject({ exc_message: ['revoked'] });
  expect(runs).toBe(0);
});
