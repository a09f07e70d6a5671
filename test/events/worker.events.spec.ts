import { describe, expect, it } from 'vitest';
import type { Broker } from '../../lib/broker/broker.js';
import type { CeleryEvent } from '../../lib/events/event.js';
import { readEvents } from '../../lib/events/event.codec.js';
import { eventExchange, eventQueue } from '../../lib/events/event.exchange.js';
import { Ignore, Reject } from '../../lib/index.js';
import { VERSION } from '../../lib/runtime/version.js';
import { startWorld, type World, type WorldWish } from '../flows/world.js';
import { contentOf } from '../message/open-content.js';
import packageJson from '../../package.json' with { type: 'json' };

const content = await contentOf();

/** A worker, and everything it tells. */
async function telling(wish: WorldWish) {
  const heard: CeleryEvent[] = [];
  const listen = async (broker: Broker): Promise<void> => {
    await broker.consume([eventQueue('monitor', '#', eventExchange(broker.supports))], {
      prefetch: 0,
      noAck: true,
      onDelivery: ({ message }) => void heard.push(...readEvents(message, content).events),
    });
  };
  let broker: Broker | undefined;
  const world = await startWorld({
    ...wish,
    wrap: (own) => (broker = own),
    start: async (worker) => {
      if (broker !== undefined) await listen(broker);
      await worker.start();
    },
  });
  const told = async (world: World): Promise<CeleryEvent[]> => {
    await world.idle();
    await world.clock.advance(20);
    return heard.splice(0);
  };
  return Object.assign(world, { told: () => told(world) });
}

const types = (events: readonly CeleryEvent[]): string[] => events.map(({ type }) => type);

describe('a worker that tells of its tasks', () => {
  const worker = { sendEvents: true, hostname: 'w1@vm' };

  it('tells of a task that succeeds, in order, with everything Celery tells', async () => {
    await using world = await telling({ tasks: { add: () => 3 }, worker });
    const taskId = await world.send('add', [1, 2], { priority: 3 }, { name: 'x' });

    const events = await world.told();

    expect(types(events)).toEqual(['task-received', 'task-started', 'task-succeeded']);
    expect(events[0]).toMatchObject({
      hostname: 'w1@vm',
      pid: process.pid,
      clock: 1,
      uuid: taskId,
      name: 'add',
      args: '(1, 2)',
      kwargs: "{'name': 'x'}",
      root_id: taskId,
      parent_id: null,
      retries: 0,
      eta: null,
      expires: null,
      queue: 'celery',
      group_id: undefined,
      argsjson: undefined,
    });
    expect(events[2]).toMatchObject({ uuid: taskId, result: '3', runtime: 0, clock: 3 });
  });

  it('tells how each task ended', async () => {
    await using world = await telling({
      worker: { ...worker, etaHold: '1m' },
      tasks: {
        fails: () => {
          throw new RangeError('boom');
        },
        retries: { run: (task) => task.retry({ cause: new Error('busy'), countdown: '2h' }) },
        rejects: { acksLate: true, run: () => Promise.reject(new Reject('no', { requeue: false })) },
        ignores: () => Promise.reject(new Ignore()),
      },
    });
    const endOf = async (task: string, options = {}): Promise<CeleryEvent | undefined> => {
      await world.send(task, [], options);
      return (await world.told()).at(-1);
    };

    expect(await endOf('fails')).toMatchObject({ type: 'task-failed', exception: "RangeError('boom')" });
    expect(await endOf('rejects')).toMatchObject({ type: 'task-rejected', requeue: false });
    expect(await endOf('ignores')).toMatchObject({ type: 'task-started' });
    expect(await endOf('unknown')).toMatchObject({
      type: 'task-failed',
      exception: "NotRegistered('unknown')",
    });
    await endOf('ignores', { countdown: 5, expires: 2 });
    await world.clock.advance(5_000);
    const [expired] = await world.told();
    expect(expired).toMatchObject({ type: 'task-revoked', expired: true, terminated: false, signum: null });
    expect(await endOf('retries')).toMatchObject({ type: 'task-retried', exception: "Error('busy')" });
  });

  it('is silent about a task that says so', async () => {
    await using world = await telling({ worker, tasks: { quiet: { sendEvents: false, run: () => 1 } } });
    await world.send('quiet');

    expect(await world.told()).toEqual([]);
  });

  it('tells arguments as JSON by option, unless they are long', async () => {
    const tasks = { echo: () => 1 };
    await using world = await telling({ tasks, worker: { ...worker, eventArguments: true } });
    await world.send('echo', [1, { a: null }], {}, { b: 'é' });
    expect((await world.told())[0]).toMatchObject({ argsjson: '[[1,{"a":null}],{"b":"é"}]' });

    await world.send('echo', ['x'.repeat(20_000)]);
    expect((await world.told())[0]).toMatchObject({ argsjson: undefined });
  });
});

it('a worker tells nothing of its tasks unless it is asked to', async () => {
  await using world = await telling({ tasks: { add: () => 3 } });
  await world.send('add');

  expect(await world.told()).toEqual([]);
});

it('a worker tells that it is there, every two seconds, and that it goes', async () => {
  const worker = { hostname: 'w1@vm', heartbeatInterval: '2s', concurrency: 3 } as const;
  await using world = await telling({ tasks: { add: () => 3 }, worker });
  const [online] = await world.told();
  expect(online).toMatchObject({
    type: 'worker-online',
    freq: 2,
    active: 0,
    processed: 0,
    loadavg: [expect.any(Number), expect.any(Number), expect.any(Number)],
    sw_ident: 'nestjs-celery',
    sw_ver: packageJson.version,
  });
  expect(VERSION).toBe(packageJson.version);
  await world.send('add');
  await world.clock.advance(4_000);
  expect(types(await world.told())).toEqual(['worker-heartbeat', 'worker-heartbeat']);

  await world.worker.stop(0);

  expect(await world.told()).toMatchObject([{ type: 'worker-offline', processed: 1 }]);
});
