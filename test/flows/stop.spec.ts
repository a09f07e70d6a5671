import { describe, expect, it } from 'vitest';
import type { Broker, Delivery } from '../../lib/broker/broker.js';
import { makeSignature } from '../../lib/canvas/signature.js';
import { eventually } from '../support/eventually.js';
import { gate, startWorld } from './world.js';

describe('a worker that stops', () => {
  it('lets what runs come to its end, and gives the rest back', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { slow: () => door.opened, later: () => 1 },
      worker: { concurrency: 1, prefetchMultiplier: 4, etaHold: '1h' },
    });
    const running = await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    for (let each = 0; each < 6; each += 1) await world.send('slow');
    await eventually(() => world.worker.status.waiting === 4);

    const stopped = world.worker.stop();
    await eventually(async () => (await world.broker.size('celery')) === 6);
    expect(world.worker.status).toMatchObject({ state: 'stopping', running: 1, waiting: 0, held: 0 });
    door.open();
    await stopped;

    expect(world.results.last(running)?.status).toBe('SUCCESS');
    expect(world.worker.status).toMatchObject({ state: 'stopped', running: 0, waiting: 0, held: 0 });
    expect(await world.broker.size('celery')).toBe(6);
    expect(world.broker.held.size).toBe(0);
    expect(world.clock.timers).toBe(0);
  });

  it('gives back what is held until it is due', async () => {
    await using world = await startWorld({ tasks: { later: () => 1 }, worker: { etaHold: '1h' } });
    await world.send('later', [], { countdown: 60 });
    await eventually(() => world.worker.status.held === 1);
    await world.worker.stop();
    expect(await world.broker.size('celery')).toBe(1);
    expect(world.clock.timers).toBe(0);
  });

  it('aborts what outlives the grace time, and gives a late-acknowledged message back', async () => {
    const reasons: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        listening: {
          acksLate: true,
          run: ({ signal }) =>
            new Promise((_, reject) =>
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                reject(signal.reason as Error);
              }),
            ),
        },
      },
    });
    const id = await world.send('listening');
    await eventually(() => world.worker.status.running === 1);
    const stopped = world.worker.stop(10_000);
    await world.clock.advance(9_999);
    expect(reasons).toEqual([]);
    await world.clock.advance(1);
    await stopped;
    expect(reasons).toMatchObject([{ code: 'WORKER_SHUTTING_DOWN' }]);
    expect(await world.broker.size('celery')).toBe(1);
    expect(world.results.last(id)).toBeUndefined();
  });

  it('does not wait for handlers that do not listen', async () => {
    await using world = await startWorld({
      tasks: { deaf: { acksLate: true, run: () => new Promise(() => undefined) } },
    });
    await world.send('deaf');
    await eventually(() => world.worker.status.running === 1);
    const stopped = world.worker.stop(1_000);
    await world.clock.advance(3_000);
    await stopped;
    expect(await world.broker.size('celery')).toBe(1);
    expect(world.worker.status.leaked).toBe(1);
  });

  it('tells whoever waits that a task acknowledged early did not end', async () => {
    await using world = await startWorld({ tasks: { deaf: () => new Promise(() => undefined) } });
    const id = await world.send('deaf');
    await eventually(() => world.worker.status.running === 1);
    const stopped = world.worker.stop(0);
    await world.clock.advance(2_000);
    await stopped;
    expect(world.results.last(id)?.result).toMatchObject({ exc_type: 'WorkerShuttingDown' });
  });

  it('may be told again, and hurried', async () => {
    const door = gate();
    await using world = await startWorld({ tasks: { slow: { acksLate: true, run: () => door.opened } } });
    await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    const warm = world.worker.stop(3_600_000);
    const again = world.worker.stop(3_600_000);
    await world.clock.advance(1_000);
    expect(world.worker.status.state).toBe('stopping');
    const hurried = world.worker.stop(0);
    await world.clock.advance(2_000);
    await Promise.all([warm, again, hurried]);
    expect(world.worker.status.state).toBe('stopped');
    await world.worker.stop();
    door.open();
  });

  it('does not wait for stores and settlements that nobody answers, and names their tasks', async () => {
    await using world = await startWorld({ tasks: { safe: { acksLate: true, run: () => 1 } } });
    world.results.onStore = () => gate().opened;
    const id = await world.send('safe');
    await eventually(() => world.worker.status.running === 1);
    const stopped = world.worker.stop(5_000);
    await world.clock.advance(5_000);
    expect(world.worker.status.state).toBe('stopping');
    await world.clock.advance(1_000);
    await stopped;
    expect(world.worker.leftBehind).toEqual({ tasks: [`safe[${id}]`], unheard: false });
    expect(world.lines).toContain(`error Not settled, and may run again: safe[${id}]`);
  });

  it.each([
    { tasks: 3, how: 'as long as each second something is settled', left: 0 },
    { tasks: 10, how: 'but not for ever', left: 5 },
  ])('goes on beyond the grace time, $how', async ({ tasks, left }) => {
    const stores: (() => void)[] = [];
    await using world = await startWorld({
      tasks: { safe: { acksLate: true, run: () => 1 } },
      worker: { concurrency: tasks },
    });
    world.results.onStore = () => new Promise((resolve) => stores.push(resolve));
    for (let each = 0; each < tasks; each += 1) await world.send('safe');
    await eventually(() => stores.length === tasks);
    const stopped = world.worker.stop(1_000);
    await world.clock.advance(1_000);
    for (const store of stores) {
      await world.clock.advance(900);
      store();
    }
    await stopped;
    expect(world.worker.leftBehind).toMatchObject({ unheard: false });
    expect(world.worker.leftBehind.tasks).toHaveLength(left);
  });

  it('lets nothing begin any more once its time is over, whatever is answered then', async () => {
    const begun: string[] = [];
    const door = gate();
    await using world = await startWorld({
      tasks: {
        early: () => void begun.push('early'),
        late: { acksLate: true, trackStarted: true, run: () => void begun.push('late') },
      },
      wrap: (broker) => acknowledgedAt(broker, door.opened),
    });
    world.results.onStore = () => door.opened;
    const early = await world.send('early');
    await world.send('late');
    await eventually(() => world.worker.status.running === 2);
    const stopped = world.worker.stop(5_000);
    await world.clock.advance(5_000);
    door.open();
    await world.clock.advance(1_000);
    await stopped;
    expect(begun).toEqual([]);
    expect(world.results.last(early)?.status).toBe('FAILURE');
    expect(await world.broker.size('celery')).toBe(1);
  });

  it('names everything that was in hand where the broker did not hear of its end', async () => {
    await using world = await startWorld({
      tasks: { slow: () => 1 },
      worker: { etaHold: '1h' },
      wrap: unheardBy,
    });
    const id = await world.send('slow', [], { countdown: 60 });
    await eventually(() => world.worker.status.held === 1);
    await world.worker.stop();
    expect(world.worker.leftBehind).toEqual({ tasks: [`slow[${id}]`], unheard: true });
    expect(world.lines).toContain(
      `error memory:// did not answer at the end. Not settled, and may run again: slow[${id}]`,
    );
  });

  it('gives back at once what waits for another try', async () => {
    await using world = await startWorld({ tasks: { safe: { acksLate: true, run: () => 1 } } });
    world.results.failure = () => new Error('away');
    await world.send('safe');
    await eventually(() => world.lines.some((line) => line.includes('goes back to its queue')));
    await world.worker.stop();
    expect(await world.broker.size('celery')).toBe(1);
    expect(world.clock.timers).toBe(0);
  });

  it('lets what runs publish to its end', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: {
        parent: async (context) => {
          await door.opened;
          await context.send(makeSignature('child', { immutable: false }));
        },
      },
    });
    const parent = await world.send('parent');
    await eventually(() => world.worker.status.running === 1);

    const stopped = world.worker.stop();
    door.open();
    await stopped;

    expect(world.results.last(parent)?.status).toBe('SUCCESS');
    expect(await world.broker.size('celery')).toBe(1);
  });

  it('stops by itself after so many tasks: those under way with the last one end too', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { slow: () => door.opened, quick: () => 1 },
      worker: { concurrency: 2, prefetchMultiplier: 1, maxTasks: 3 },
    });
    const slow = await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    for (let each = 0; each < 3; each += 1) await world.until(await world.send('quick'), 'SUCCESS');
    await eventually(() => world.worker.status.state === 'stopping');
    for (let each = 0; each < 2; each += 1) await world.send('quick');
    expect(world.worker.status.running).toBe(1);

    door.open();
    await world.worker.stopped;

    expect(world.results.last(slow)?.status).toBe('SUCCESS');
    expect(world.worker.status.processed).toBe(4);
    expect(await world.broker.size('celery')).toBe(2);
  });

  it('ends run()', async () => {
    await using world = await startWorld({ tasks: {} });
    const ran = world.worker.run();
    await world.worker.stop();
    await ran;
  });

  it('does not wait for a broker that never came', async () => {
    const closed = gate<never>();
    const started = startWorld({
      tasks: {},
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, key) {
            if (key === 'connect') return () => closed.opened;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
      start: (worker) => {
        const ran = worker.run();
        return worker.stop().then(() => ran);
      },
    });
    await using world = await started;
    expect(world.worker.status.state).toBe('stopped');
  });

  it('does not start again', async () => {
    await using world = await startWorld({ tasks: {} });
    await world.worker.stop();
    await world.send('any');
    await world.worker.start();
    await world.clock.advance(0);
    expect(world.worker.status.state).toBe('stopped');
    expect(await world.broker.size('celery')).toBe(1);
  });
});

/** A broker that never answers the end of a subscription. */
function unheardBy(broker: Broker): Broker {
  return new Proxy(broker, {
    get(target, key) {
      if (key === 'consume')
        return async (...[queues, options]: Parameters<Broker['consume']>) =>
          new Proxy(await target.consume(queues, options), {
            get: (subscription, name) =>
              name === 'unheard'
                ? true
                : boundTo(subscription, Reflect.get(subscription, name, subscription)),
          });
      return boundTo(target, Reflect.get(target, key, target));
    },
  });
}

/** Acknowledgements are answered when that resolves. */
function acknowledgedAt(broker: Broker, answered: Promise<unknown>): Broker {
  const late = (delivery: Delivery): Delivery =>
    new Proxy(delivery, {
      get: (target, key) =>
        key === 'ack'
          ? () => answered.then(() => target.ack())
          : boundTo(target, Reflect.get(target, key, target)),
    });
  return new Proxy(broker, {
    get(target, key) {
      if (key !== 'consume') return boundTo(target, Reflect.get(target, key, target));
      return (...[queues, options]: Parameters<Broker['consume']>) =>
        target.consume(queues, {
          ...options,
          onDelivery: (delivery) => options.onDelivery(late(delivery)),
        });
    },
  });
}

function boundTo(target: object, value: unknown): unknown {
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}
