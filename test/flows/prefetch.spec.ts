import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { gate, startWorld, type World, type WorldWish } from './world.js';

/** A worker whose tasks wait for the test, with this many of them sent. */
async function waitingWorld(count: number, wish: Partial<WorldWish> = {}, acksLate = false) {
  const doors: (() => void)[] = [];
  const run = async () => {
    const door = gate();
    doors.push(door.open);
    await door.opened;
  };
  const world = await startWorld({ tasks: { long: { acksLate, run } }, ...wish });
  for (let each = 0; each < count; each += 1) await world.send('long');
  return { world, doors };
}

/** Everything that is on its way has come. */
const settled = async (world: World): Promise<{ left: number; running: number; waiting: number }> => {
  await world.clock.advance(0);
  await world.clock.advance(0);
  const { running, waiting } = world.worker.status;
  return { left: await world.broker.size('celery'), running, waiting };
};

describe('the prefetch', () => {
  it('is the multiplier times the slots', async () => {
    const { world } = await waitingWorld(50, { worker: { concurrency: 3, prefetchMultiplier: 4 } }, true);
    await using _ = world;
    expect(await settled(world)).toEqual({ left: 38, running: 3, waiting: 9 });
  });

  it('without a limit takes everything', async () => {
    const { world } = await waitingWorld(50, { worker: { concurrency: 3, prefetchMultiplier: 0 } }, true);
    await using _ = world;
    expect(await settled(world)).toEqual({ left: 0, running: 3, waiting: 47 });
  });

  it('follows a pool that grows and shrinks', async () => {
    const wish = { worker: { concurrency: 1, prefetchMultiplier: 2 } };
    const { world, doors } = await waitingWorld(50, wish, true);
    await using _ = world;
    expect(await settled(world)).toEqual({ left: 48, running: 1, waiting: 1 });
    await world.worker.resizePool(4);
    expect(await settled(world)).toEqual({ left: 42, running: 4, waiting: 4 });
    await world.worker.resizePool(2);
    for (const open of doors.splice(0)) open();
    expect(await settled(world)).toEqual({ left: 42, running: 2, waiting: 2 });
    for (const open of doors.splice(0)) open();
    expect(await settled(world)).toEqual({ left: 40, running: 2, waiting: 2 });
  });
});

describe('disablePrefetch', () => {
  it.each([['early', false] as const, ['late', true] as const])(
    'takes a message for a free slot only, acknowledged %s',
    async (_, acksLate) => {
      const wish = { worker: { concurrency: 2, disablePrefetch: true } };
      const { world, doors } = await waitingWorld(10, wish, acksLate);
      await using __ = world;
      expect(await settled(world)).toEqual({ left: 8, running: 2, waiting: 0 });
      doors[0]?.();
      expect(await settled(world)).toEqual({ left: 7, running: 2, waiting: 0 });
      await world.worker.resizePool(4);
      expect(await settled(world)).toEqual({ left: 5, running: 4, waiting: 0 });
    },
  );

  it('holds nothing that is not due, and takes the next for it', async () => {
    await using world = await startWorld({
      tasks: { later: () => 1, now: () => 2 },
      worker: { concurrency: 1, disablePrefetch: true, etaHold: '1h' },
    });
    for (let each = 0; each < 20; each += 1) await world.send('later', [], { countdown: 60 });
    await world.until(await world.send('now'), 'SUCCESS');
    expect(world.worker.status.held).toBe(0);
    await world.clock.advance(60_000);
    await eventually(() => world.worker.status.processed === 21);
  });
});
