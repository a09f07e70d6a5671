import { describe, expect, it } from 'vitest';
import { seeded } from '../chaos/random.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { startWorld } from './world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Just before and after what Node's timers count to, twice that, and far beyond. */
const SPANS_MS = [24 * DAY_MS + 20 * HOUR_MS, 25 * DAY_MS, 49.7 * DAY_MS, 100 * DAY_MS, 400 * DAY_MS];
const SEED = 7;

/** A worker that notes at what time of its clock a task ran. */
async function aWorld() {
  const ranAt = new Map<string, number>();
  const world = await startWorld({
    tasks: { later: ({ id }) => void ranAt.set(id, world.clock.now()) },
    worker: { concurrency: 50 },
  });
  return { world, ranAt };
}

describe('five hundred tasks weeks and months away', () => {
  it('run when they are due, and none of them before', async () => {
    const random = seeded(SEED);
    const { world, ranAt } = await aWorld();
    await using _ = world;
    const due = new Map<string, number>();
    for (let each = 0; each < 500; each += 1) {
      const dueMs = world.clock.now() + random.pick(SPANS_MS) + random.between(-HOUR_MS, HOUR_MS);
      due.set(await world.send('later', [], { eta: new Date(dueMs) }), dueMs);
    }
    await world.clock.advance(401 * DAY_MS);
    await eventually(() => ranAt.size === due.size);
    const late = [...due].map(([id, dueMs]) => (ranAt.get(id) ?? 0) - dueMs);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(1_000);
  });
});

describe('an ETA from another client', () => {
  it.each([
    ['in the past', '2020-01-01T00:00:00Z', 0],
    ['of the year 1', '0001-01-01T00:00:00', 0],
    ['with an offset of a quarter', '2026-11-21T10:03:30+05:45', 30_000],
    ['with an offset to the west', '2026-11-20T14:18:30-14:00', 30_000],
    ['without an offset', '2026-11-21T04:18:30.500000', 30_500],
  ])('%s is kept', async (_what, eta, waitMs) => {
    const { world, ranAt } = await aWorld();
    await using _ = world;
    await world.publish(aMessage({ headers: { task: 'later', id: 'an-id', eta } }));
    if (waitMs > 0) await world.clock.advance(waitMs - 1);
    expect(ranAt.size).toBe(0);
    await world.clock.advance(1);
    await eventually(() => ranAt.size === 1);
  });

  it('of the year 9999 waits', async () => {
    const { world, ranAt } = await aWorld();
    await using _ = world;
    await world.publish(
      aMessage({ headers: { task: 'later', id: 'an-id', eta: '9999-12-31T23:59:59.999999+00:00' } }),
    );
    await world.clock.advance(50 * DAY_MS);
    expect(ranAt.size).toBe(0);
    expect(world.worker.status).toMatchObject({ held: 0, waiting: 0 });
  });

  it.each([
    ['no date', 'soon'],
    ['a date that no calendar has', '2026-02-30T00:00:00'],
    ['a number', 1_795_234_187],
    ['a year of five digits', '10000-01-01T00:00:00'],
    ['NaN', 'NaN'],
  ])('that is %s puts the message into quarantine', async (_what, eta) => {
    const { world } = await aWorld();
    await using _ = world;
    await world.publish(aMessage({ headers: { task: 'later', id: 'an-id', eta } }));
    const [put] = await world.take('celery.quarantine', 1);
    expect(put?.message.headers['x-quarantine-reason']).toMatch(/^eta is .*, not an ISO 8601 date$/);
  });
});

describe('a call', () => {
  it.each([
    ['countdown', { countdown: Number.NaN }],
    ['countdown', { countdown: Number.POSITIVE_INFINITY }],
    ['countdown', { countdown: 1e15 }],
    ['eta', { eta: new Date(Number.NaN) }],
    ['eta', { eta: new Date('+010000-01-01T00:00:00Z') }],
  ])('with such a %s is refused by its name', async (name, options) => {
    const { world } = await aWorld();
    await using _ = world;
    await expect(world.send('later', [], options)).rejects.toThrow(name);
  });

  it('with a negative countdown runs at once', async () => {
    const { world } = await aWorld();
    await using _ = world;
    await world.until(await world.send('later', [], { countdown: -5 }), 'SUCCESS');
  });
});
