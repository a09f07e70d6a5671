import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { gate, startWorld, type ATask, type World } from './world.js';

let worlds = 0;

/** Workers of their own on one broker, with the same task; the test holds the clock of all. */
async function twoWorlds(tasks: Readonly<Record<string, ATask>>): Promise<readonly [World, World]> {
  worlds += 1;
  const wish = {
    tasks,
    url: `memory://limits-${worlds}`,
    clock: new FakeClock(),
    worker: { concurrency: 4 },
  };
  return [await startWorld(wish), await startWorld(wish)];
}

describe('a rate limit over all workers', () => {
  it('is kept by all of them together', async () => {
    const startedAt: number[] = [];
    const run = () => void startedAt.push(one.clock.monotonicMs());
    const [one, other] = await twoWorlds({ slow: { rateLimit: { max: 10, per: '1s' }, run } });
    await using _ = one;
    await using __ = other;
    for (let each = 0; each < 40; each += 1) await one.send('slow');
    await one.clock.advance(0);
    expect(startedAt).toEqual([0]);
    await one.clock.advance(3_900);
    await eventually(() => startedAt.length === 40);
    expect(startedAt).toEqual(Array.from({ length: 40 }, (_each, index) => index * 100));
    expect(one.worker.status.processed).toBeGreaterThan(0);
    expect(other.worker.status.processed).toBeGreaterThan(0);
  });

  it('counts each key by itself, a parameter or a function of the arguments', async () => {
    const ran: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        slow: {
          rateLimit: { max: 1, per: '1h', key: (order: { readonly tenant: string }) => order.tenant },
          params: ['order'],
          run: ({ args }) => void ran.push(args[0]),
        },
      },
    });
    for (const tenant of ['a', 'a', 'b', 'a', 'c']) await world.send('slow', [{ tenant }]);
    await world.clock.advance(0);
    expect(ran).toEqual([{ tenant: 'a' }, { tenant: 'b' }, { tenant: 'c' }]);
  });

  it('another rate at run time counts as the one before did', async () => {
    const ran: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        slow: {
          rateLimit: { max: 1, per: '1h', key: (tenant: string) => tenant },
          params: ['tenant'],
          run: ({ args }) => void ran.push(args[0]),
        },
      },
    });
    world.worker.setRateLimit('slow', '1/s');
    for (const tenant of ['a', 'a', 'b']) await world.send('slow', [tenant]);
    await world.clock.advance(0);
    expect(ran).toEqual(['a', 'b']);
    await world.clock.advance(1_000);
    expect(ran).toEqual(['a', 'b', 'a']);
  });
});

describe('a limit on concurrency', () => {
  it('lets so many of a key run at once in all workers, in order, and the next as soon as one ends', async () => {
    const doors: (() => void)[] = [];
    const order: unknown[] = [];
    let [running, most] = [0, 0];
    const task: ATask = {
      concurrency: { max: 2, key: (tenant: string) => tenant },
      params: ['tenant', 'index'],
      run: async ({ args }) => {
        order.push(args[1]);
        running += 1;
        most = Math.max(most, running);
        const door = gate();
        doors.push(door.open);
        await door.opened;
        running -= 1;
      },
    };
    const [one, other] = await twoWorlds({ slow: task });
    await using _ = one;
    await using __ = other;
    for (let each = 0; each < 30; each += 1) await one.send('slow', ['a', each]);
    for (let each = 0; each < 30; each += 1) {
      await eventually(() => doors.length === Math.min(30, each + 2), { what: `start ${each}` });
      doors[each]?.();
    }
    await eventually(() => running === 0);
    expect(most).toBe(2);
    expect(order.slice(2)).toEqual(order.slice(2).toSorted((a, b) => Number(a) - Number(b)));
    // No time has passed: each was recalled, none had to wait until it was looked at again.
    expect(one.clock.monotonicMs()).toBe(0);
  });

  it('leaves the queue to others: a flood of one key does not hold up another', async () => {
    const order: unknown[] = [];
    const door = gate();
    await using world = await startWorld({
      tasks: {
        slow: {
          concurrency: { max: 1, key: (tenant: string) => tenant },
          params: ['tenant'],
          run: async ({ args }) => {
            order.push(args[0]);
            if (args[0] === 'a') await door.opened;
          },
        },
      },
      worker: { concurrency: 2, prefetchMultiplier: 1 },
    });
    for (let each = 0; each < 2_000; each += 1) await world.send('slow', ['a']);
    await world.until(await world.send('slow', ['b']), 'SUCCESS');
    expect(order).toEqual(['a', 'b']);
    expect(world.worker.status).toMatchObject({ running: 1, waiting: 0, held: 0 });
    door.open();
    await eventually(() => order.length === 2_001);
  });

  it('is free again after a failure, a retry and a revocation', async () => {
    const revoked = new Set<string>();
    const runs: string[] = [];
    await using world = await startWorld({
      tasks: {
        slow: {
          concurrency: { max: 1 },
          maxRetries: 1,
          run: async (task) => {
            runs.push(String(task.args[0]));
            if (task.args[0] === 'fails') throw new Error('no');
            if (task.args[0] === 'retries' && task.retries === 0) task.retry({ countdown: 1 });
          },
        },
      },
      worker: { concurrency: 4 },
      deps: { isRevoked: ({ id }) => revoked.has(id) },
    });
    revoked.add('bad');
    await world.send('slow', ['fails']);
    await world.send('slow', ['retries']);
    await world.send('slow', ['revoked'], { taskId: 'bad' });
    const last = await world.send('slow', ['last']);
    await world.until(last, 'SUCCESS');
    await world.clock.advance(1_000);
    await eventually(() => runs.length === 4);
    expect(runs).toEqual(['fails', 'retries', 'last', 'retries']);
  });

  it('is given back by a worker that stops, with what waits for it', async () => {
    const doors: (() => void)[] = [];
    const [one, other] = await twoWorlds({
      slow: {
        concurrency: { max: 1 },
        acksLate: true,
        run: async (task) => {
          const door = gate();
          doors.push(door.open);
          task.signal.addEventListener('abort', () => door.open());
          await door.opened;
          task.signal.throwIfAborted();
        },
      },
    });
    await using _ = one;
    await using __ = other;
    await one.send('slow');
    await one.send('slow');
    await eventually(() => doors.length === 1);
    const [running, idle] = one.worker.status.running === 1 ? [one, other] : [other, one];
    const stopped = running.worker.stop(0);
    await one.clock.advance(1);
    await stopped;
    await eventually(() => doors.length === 2);
    expect(idle.worker.status.running).toBe(1);
    doors[1]?.();
    await eventually(() => doors.length === 3);
    doors[2]?.();
    await eventually(() => idle.worker.status.processed === 2);
  });

  it('fails a task whose key cannot be had, and says why', async () => {
    let runs = 0;
    await using world = await startWorld({
      tasks: {
        throws: {
          concurrency: {
            max: 1,
            key: () => {
              throw new Error('no tenant');
            },
          },
          run: () => (runs += 1),
        },
        nothing: { concurrency: { max: 1, key: (tenant: string) => tenant }, run: () => (runs += 1) },
      },
    });
    const thrown = await world.until(await world.send('throws'), 'FAILURE');
    expect(thrown.result).toMatchObject({
      exc_type: 'LimitKeyError',
      exc_message: ['concurrency.key of throws: it throws Error: no tenant'],
    });
    const nothing = await world.until(await world.send('nothing'), 'FAILURE');
    expect(nothing.result).toMatchObject({
      exc_message: [
        'concurrency.key of nothing: expected a string, number, bigint or boolean, got undefined',
      ],
    });
    expect(runs).toBe(0);
    expect(world.broker.held.size).toBe(0);
  });

  it('is refused at start where nothing can count for all workers', async () => {
    const url = 'amqp://rabbit';
    await expect(
      startWorld({
        tasks: { slow: { concurrency: { max: 1 }, run: () => 1 } },
        wrap: (broker) =>
          new Proxy(broker, {
            get: (real, name) => {
              if (name === 'common') return undefined;
              if (name === 'url') return url;
              const own: unknown = Reflect.get(real, name, real);
              return typeof own === 'function' ? own.bind(real) : own;
            },
          }),
      }),
    ).rejects.toThrow(/A limit of slow for all workers on amqp:\/\/rabbit is not supported: .* Redis result/);
  });
});
