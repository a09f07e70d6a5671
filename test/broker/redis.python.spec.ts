import { describe, expect, it } from 'vitest';
import { plainQueue } from '../../lib/broker/topology.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { startPythonClient, startPythonWorker } from '../support/python.js';
import { startRedis } from '../support/redis.js';
import { aRedisWorld } from './redis.world.js';

const LONG_MS = 120_000;
const stoppedClock = { ...systemClock, after: () => ({ cancel() {} }) };
const SHORT = { globalKeyprefix: '', leaseTimeout: '1s' };

/** A call of `py.add` as this library's producer writes it. */
const call = (id: string, a: number, b: number) =>
  aMessage({
    body: `[[${a}, ${b}], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`,
    headers: {
      lang: 'js',
      task: 'py.add',
      id,
      root_id: id,
      parent_id: null,
      group: null,
      retries: 0,
      eta: null,
      expires: null,
    },
    properties: { correlationId: id },
  });

async function aMixedWorld() {
  const server = await startRedis();
  const world = await aRedisWorld(server.url);
  const urls = { broker: `${server.url}/0`, backend: `${server.url}/0` };
  return {
    world,
    urls,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

describe('Redis broker beside Python', () => {
  it(
    'a message that our dead consumer held is given back by ours and run by a Python worker',
    async () => {
      await using mixed = await aMixedWorld();
      const { world, urls } = mixed;
      const [dead, live] = [
        world.open({ clock: stoppedClock, transportOptions: SHORT }),
        world.open({ transportOptions: SHORT }),
      ];
      const inbox = new Inbox();
      await live.publish({ exchange: '', routingKey: 'mixed' }, call('ours-1', 2, 3));
      const subscription = await dead.consume([plainQueue('mixed')], {
        prefetch: 1,
        onDelivery: inbox.receive,
      });
      await inbox.next();
      await subscription.cancel();
      await using worker = await startPythonWorker(urls, ['mixed']);
      await live.consume([], { prefetch: 1, onDelivery: () => undefined });

      await using client = await startPythonClient(urls);
      expect(await client.get('ours-1')).toMatchObject({ state: 'SUCCESS', value: 5 });
      expect(worker.output()).toContain('ours-1');
    },
    LONG_MS,
  );

  it(
    "a message that our dead consumer held is given back by Python's own restore when nobody of ours is left",
    async () => {
      await using mixed = await aMixedWorld();
      const { world, urls } = mixed;
      const dead = world.open({ clock: stoppedClock, transportOptions: { globalKeyprefix: '' } });
      const inbox = new Inbox();
      await dead.publish({ exchange: '', routingKey: 'mixed' }, call('ours-2', 20, 3));
      const subscription = await dead.consume([plainQueue('mixed')], {
        prefetch: 1,
        onDelivery: inbox.receive,
      });
      await inbox.next();
      await subscription.cancel();
      const [tag = ''] = await world.redis.hkeys('unacked');
      await world.redis.zadd('unacked_index', String(Date.now() / 1000 - 3_700), tag);

      await using worker = await startPythonWorker(urls, ['mixed']);
      await using client = await startPythonClient(urls);
      expect(await client.get('ours-2')).toMatchObject({ state: 'SUCCESS', value: 23 });
      expect(worker.output()).toContain('ours-2');
      expect(await world.redis.hlen('unacked')).toBe(0);
    },
    LONG_MS,
  );

  it(
    'a message that a killed Python worker held comes to us when its visibility timeout has passed, not before',
    async () => {
      await using mixed = await aMixedWorld();
      const { world, urls } = mixed;
      const inbox = new Inbox();
      const broker = world.open({ transportOptions: SHORT });
      {
        await using _worker = await startPythonWorker(urls, ['mixed']);
        await using client = await startPythonClient(urls);
        await client.send('py.add', [1, 1], {
          eta_in: 3_600,
          options: { queue: 'mixed', task_id: 'theirs' },
        });
        await eventually(async () => (await world.redis.hlen('unacked')) === 1);
        const score = (): Promise<string[]> => world.redis.zrange('unacked_index', '0', '-1', 'WITHSCORES');
        const before = await score();
        await broker.consume([plainQueue('mixed')], { prefetch: 1, onDelivery: inbox.receive });
        await broker.publish({ exchange: '', routingKey: 'probe' }, aMessage());
        expect(await score()).toEqual(before);
        process.kill(_worker.pid, 'SIGKILL');
      }
      expect(inbox.received).toBe(0);
      const [tag = ''] = await world.redis.hkeys('unacked');
      await world.redis.zadd('unacked_index', String(Date.now() / 1000 - 3_700), tag);
      const delivery = await inbox.next();

      expect(delivery.message.headers).toMatchObject({ task: 'py.add', id: 'theirs' });
      expect([delivery.redelivered, delivery.routingKey, JSON.parse(bodyOf(delivery))[0]]).toEqual([
        true,
        'mixed',
        [1, 1],
      ]);
      expect(await delivery.ack()).toBe('settled');
      expect(await world.redis.hlen('unacked')).toBe(0);
    },
    LONG_MS,
  );

  it(
    'shares one queue with a Python worker, every task done once',
    async () => {
      await using mixed = await aMixedWorld();
      const { world, urls } = mixed;
      await using worker = await startPythonWorker(urls, ['mixed']);
      const broker = world.open({ transportOptions: SHORT });
      const ours: string[] = [];
      await broker.consume([plainQueue('mixed')], {
        prefetch: 1,
        onDelivery: (delivery) => {
          ours.push(String(delivery.message.headers['id']));
          // As long as a small task takes, so that both get their share.
          setTimeout(() => void delivery.ack(), 20);
        },
      });
      const ids = Array.from({ length: 200 }, (_, index) => `shared-${index}`);
      await Promise.all(
        ids.map((id) => broker.publish({ exchange: '', routingKey: 'mixed' }, call(id, 1, 1))),
      );
      const theirs = (): string[] =>
        [...worker.output().matchAll(/Task py\.add\[(shared-\d+)\] succeeded/g)].map(
          (found) => found[1] ?? '',
        );
      await eventually(() => ours.length + theirs().length >= ids.length, { withinMs: 20_000 });

      expect([...ours, ...theirs()].toSorted()).toEqual(ids.toSorted());
      expect(ours.length).toBeGreaterThan(0);
      expect(theirs().length).toBeGreaterThan(0);
    },
    LONG_MS,
  );
});
