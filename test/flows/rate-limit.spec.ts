import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { gate, startWorld } from './world.js';

describe('a rate limit', () => {
  it('starts the first at once and one after the other then', async () => {
    const startedAt: number[] = [];
    await using world = await startWorld({
      tasks: {
        slow: { rateLimit: '10/s', run: () => void startedAt.push(world.clock.monotonicMs()) },
      },
      worker: { concurrency: 8 },
    });
    for (let each = 0; each < 30; each += 1) await world.send('slow');
    await world.clock.advance(0);
    expect(startedAt).toEqual([0]);
    await world.clock.advance(2_900);
    await eventually(() => startedAt.length === 30);
    expect(startedAt).toEqual(Array.from({ length: 30 }, (_, index) => index * 100));
  });

  it('keeps no others from running: those over it hold no slot, and few of them a place in memory', async () => {
    let slow = 0;
    await using world = await startWorld({
      tasks: { slow: { rateLimit: '1/m', run: () => (slow += 1) }, fast: () => 1 },
      worker: { concurrency: 2, prefetchMultiplier: 2 },
    });
    for (let each = 0; each < 1_000; each += 1) await world.send('slow');
    await world.until(await world.send('fast'), 'SUCCESS');
    await world.clock.advance(0);
    expect(slow).toBe(1);
    expect(world.worker.status.running + world.worker.status.waiting).toBe(0);
    expect(world.broker.held.size).toBeLessThanOrEqual(1);
    expect(await world.broker.size('celery')).toBe(0);
    await world.clock.advance(30 * 60_000);
    expect(slow).toBe(31);
  });

  it('of one task leaves those of others alone', async () => {
    const ran = { one: 0, other: 0 };
    await using world = await startWorld({
      tasks: {
        one: { rateLimit: '1/h', run: () => (ran.one += 1) },
        other: { rateLimit: '1/s', run: () => (ran.other += 1) },
      },
    });
    for (let each = 0; each < 5; each += 1) {
      await world.send('one');
      await world.send('other');
    }
    await world.clock.advance(4_000);
    await eventually(() => ran.other === 5);
    expect(ran.one).toBe(1);
  });

  it('begins when the ETA has come', async () => {
    const startedAt: number[] = [];
    await using world = await startWorld({
      tasks: { slow: { rateLimit: '1/s', run: () => void startedAt.push(world.clock.monotonicMs()) } },
    });
    for (let each = 0; each < 3; each += 1) await world.send('slow', [], { countdown: 10 });
    await world.clock.advance(15_000);
    await eventually(() => startedAt.length === 3);
    expect(startedAt).toEqual([10_000, 11_000, 12_000]);
  });

  it('lets go of what was revoked or has expired meanwhile', async () => {
    const revoked = new Set<string>();
    let runs = 0;
    await using world = await startWorld({
      tasks: { slow: { rateLimit: '1/s', run: () => (runs += 1) } },
      worker: { concurrency: 4 },
      deps: { isRevoked: ({ id }) => revoked.has(id) },
    });
    await world.send('slow');
    const late = await world.send('slow', [], { expires: 0.5 });
    const unwanted = await world.send('slow');
    await eventually(() => world.worker.status.held === 2);
    revoked.add(unwanted);
    await world.clock.advance(3_000);
    await world.until(late, 'REVOKED');
    await world.until(unwanted, 'REVOKED');
    expect(runs).toBe(1);
    expect(world.broker.held.size).toBe(0);
  });

  it('tells of each task once that it was received', async () => {
    await using world = await startWorld({
      tasks: { slow: { rateLimit: '1/s', run: () => 1 } },
      worker: { concurrency: 1, prefetchMultiplier: 1 },
    });
    const ids = [];
    for (let each = 0; each < 10; each += 1) ids.push(await world.send('slow'));
    await world.clock.advance(20_000);
    for (const id of ids) {
      await world.until(id, 'SUCCESS');
      expect(world.lines.filter((line) => line === `log Task slow[${id}] received`)).toHaveLength(1);
    }
  });

  it('gives those that wait back at once when the worker stops', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { slow: { rateLimit: '1/s', run: () => 1 }, hold: () => door.opened },
      worker: { concurrency: 4 },
    });
    await world.send('hold');
    for (let each = 0; each < 4; each += 1) await world.send('slow');
    await eventually(() => world.worker.status.held === 3);
    const stopped = world.worker.stop();
    await eventually(async () => (await world.broker.size('celery')) === 3);
    door.open();
    await stopped;
    expect(world.worker.status.processed).toBe(2);
  });
});

describe('setRateLimit', () => {
  it('holds from then on for those that come; those that wait keep their start', async () => {
    const startedAt: number[] = [];
    await using world = await startWorld({
      tasks: { slow: { rateLimit: '1/s', run: () => void startedAt.push(world.clock.monotonicMs()) } },
      worker: { concurrency: 8 },
    });
    for (let each = 0; each < 3; each += 1) await world.send('slow');
    await eventually(() => world.worker.status.held === 2);
    world.worker.setRateLimit('slow', '1/m');
    await world.send('slow');
    await eventually(() => startedAt.length === 2);
    await world.clock.advance(10_000);
    expect(startedAt).toEqual([0, 0, 1_000, 2_000]);
    await world.send('slow');
    await world.clock.advance(40_000);
    expect(startedAt).toHaveLength(4);
    await world.clock.advance(20_000);
    await eventually(() => startedAt.length === 5);
  });

  it('ends the limit', async () => {
    let runs = 0;
    await using world = await startWorld({ tasks: { slow: { rateLimit: '1/h', run: () => (runs += 1) } } });
    world.worker.setRateLimit('slow', null);
    for (let each = 0; each < 100; each += 1) await world.send('slow');
    await eventually(() => runs === 100);
  });

  it('refuses what it does not know', async () => {
    await using world = await startWorld({ tasks: { slow: () => 1 } });
    expect(() => world.worker.setRateLimit('slwo', '1/s')).toThrow(
      'Task "slwo" is not registered. Did you mean "slow"?',
    );
    expect(() => world.worker.setRateLimit('slow', 'often' as never)).toThrow(
      /rateLimit of slow: expected a number per second/,
    );
  });
});
