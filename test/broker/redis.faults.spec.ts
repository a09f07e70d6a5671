import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, inject, it } from 'vitest';
import { plainQueue } from '../../lib/broker/topology.js';
import { PublishError } from '../../lib/errors.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { aMessage, someMessages } from '../support/a-message.js';
import { compileLib } from '../support/compiled-lib.js';
import { eventually } from '../support/eventually.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { startRedis } from '../support/redis.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { aRedisWorld } from './redis.world.js';

const to = (queue: string) => ({ exchange: '', routingKey: queue });
const SHORT = { leaseTimeout: '1s' };
const LONG_MS = 120_000;
/** A process whose timers never fire: its leases run out while it still holds its messages. */
const stoppedClock = { ...systemClock, after: () => ({ cancel() {} }) };

describe('Redis broker: consumers that die', () => {
  it(
    'loses nothing when consumers are killed at any moment',
    async () => {
      await using world = await aRedisWorld(inject('redisUrl'));
      await using lib = await compileLib(['runtime', 'message', 'redis', 'broker']);
      const { redis, key } = world;
      const consumer = await lib.script(
        'consumer.js',
        `import { Redis } from 'ioredis';
         import { RedisBroker } from './broker/redis/redis.broker.js';
         import { plainQueue } from './broker/topology.js';
         import { systemClock } from './runtime/clock.js';
         import { silentLog } from './runtime/logger.js';
         const [url, prefix] = process.argv.slice(2);
         const redis = new Redis(url);
         const broker = RedisBroker.open({ urls: [url], publishTimeoutMs: 5000, connectTimeoutMs: 4000, heartbeatSeconds: 20,
           tls: undefined, clientName: 'victim', clock: systemClock, log: silentLog,
           transportOptions: { globalKeyprefix: prefix, leaseTimeout: '1s' } });
         await broker.consume([plainQueue('q')], { prefetch: 20, onDelivery: async (delivery) => {
           await redis.sadd(prefix + 'done', delivery.message.body.toString());
           await delivery.ack();
         } });
         process.stdout.write('ready');`,
      );
      const broker = world.open({ transportOptions: SHORT });
      const total = 40_000;
      await broker.connect();
      await Promise.all(someMessages(total).map((message) => broker.publish(to('q'), message)));
      let kills = 0;
      while (kills < 40) {
        const child = spawn(process.execPath, [consumer, inject('redisUrl'), world.prefix], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const gone = once(child, 'exit');
        await Promise.race([
          once(child.stdout, 'data'),
          gone.then(() => expect.fail('the consumer did not start')),
        ]);
        const before = await redis.scard(key('done'));
        // After some more have been done, at no particular place.
        await eventually(
          async () => (await redis.scard(key('done'))) > before + kills || (await broker.size('q')) === 0,
        );
        child.kill('SIGKILL');
        await gone;
        kills += 1;
        expect(await redis.scard(key('done')), 'there was work left to strike').toBeLessThan(total);
      }
      await broker.consume([plainQueue('q')], {
        prefetch: 100,
        onDelivery: (delivery) => void redis.sadd(key('done'), bodyOf(delivery)).then(() => delivery.ack()),
      });
      await eventually(async () => (await redis.scard(key('done'))) === total, { withinMs: 60_000 });

      expect(kills).toBe(40);
      expect(await broker.size('q')).toBe(0);
      await eventually(async () => (await world.held()) === 0);
    },
    LONG_MS,
  );

  it('hands a message on when its lease ran out, and tells the first holder', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    const [dead, live] = [
      world.open({ clock: stoppedClock, transportOptions: SHORT }),
      world.open({ transportOptions: SHORT }),
    ];
    const [first, second] = [new Inbox(), new Inbox()];
    for (const message of someMessages(3)) await live.publish(to('q'), message);
    const subscription = await dead.consume([plainQueue('q')], { prefetch: 2, onDelivery: first.receive });
    const [one, two] = await first.take(2);
    await subscription.cancel();
    await live.consume([plainQueue('q')], { prefetch: 1, onDelivery: second.receive });
    expect(bodyOf(await second.next())).toBe('2');
    await eventually(async () => (await live.size('q')) === 2);

    expect([await one!.ack(), await two!.defer(0)]).toEqual(['lost', 'lost']);
    await live.close();
    const third = new Inbox();
    await world.open().consume([plainQueue('q')], { prefetch: 3, onDelivery: third.receive });
    const again = await third.take(3);
    expect(again.map(bodyOf).toSorted()).toEqual(['0', '1', '2']);
    expect(again.map(({ redelivered, deliveryCount }) => [redelivered, deliveryCount])).toEqual(
      Array(3).fill([true, 1]),
    );
  });

  it('aborts the signal of a delivery whose lease another worker took over', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    const broker = world.open({ transportOptions: SHORT });
    const inbox = new Inbox();
    await broker.publish(to('q'), aMessage());
    await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    const { lost } = await inbox.next();
    expect(lost.aborted).toBe(false);
    const aborted = once(lost, 'abort');
    await world.redis.del(world.key('nestjs-celery.leases'), world.key('unacked'));
    await aborted;
  });

  it('keeps a message as long as its holder lives, however short the lease, and Python sees it as fresh', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    const [holder, other] = [
      world.open({ transportOptions: SHORT }),
      world.open({ transportOptions: SHORT }),
    ];
    const [inbox, wrong] = [new Inbox(), new Inbox()];
    await holder.publish(to('q'), aMessage());
    await holder.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    const delivery = await inbox.next();
    await other.consume([plainQueue('q')], { prefetch: 1, onDelivery: wrong.receive });
    const started = Date.now() / 1000;
    await eventually(async () => {
      const [, score] = await world.redis.zrange(world.key('unacked_index'), '0', '0', 'WITHSCORES');
      return Number(score) > started + 2.5;
    });

    expect(wrong.received).toBe(0);
    expect(delivery.lost.aborted).toBe(false);
    expect(await delivery.ack()).toBe('settled');
  });

  it('leaves what Python workers hold alone until their visibility timeout has passed', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    const { redis, key } = world;
    const raw =
      '{"body": "W10=", "headers": {"n": 1.0}, "properties": {"body_encoding": "base64", "priority": 3, "delivery_info": {}}}';
    const now = Date.now() / 1000;
    await redis.hset(key('unacked'), 'live', `[${raw}, "", "q"]`, 'dead', `[${raw}, "ex", "k"]`);
    await redis.zadd(key('unacked_index'), String(now - 100), 'live', String(now - 3_700), 'dead');
    await redis.sadd(key('_kombu.binding.ex'), 'k\x06\x16\x06\x16bound');
    const broker = world.open({ transportOptions: SHORT });
    await broker.consume([], { prefetch: 1, onDelivery: () => undefined });
    await eventually(async () => (await broker.size('bound')) === 1);

    expect(await redis.hkeys(key('unacked'))).toEqual(['live']);
    expect(await redis.lrange(key('bound\x06\x163'), 0, -1)).toEqual([
      raw
        .replace('{"n"', '{"redelivered": true, "x-delivery-count": 1, "n"')
        .replace('"delivery_info": {}', '"delivery_info": {"redelivered": true}'),
    ]);
    expect(await redis.zrange(key('unacked_index'), '0', '-1')).toEqual(['live']);
  });

  it(
    'restores fifty thousand orphans in seconds, the oldest in front, with several sweepers at work',
    async () => {
      await using world = await aRedisWorld(inject('redisUrl'));
      const { redis, key } = world;
      const count = 50_000;
      for (let from = 0; from < count; from += 1_000) {
        const pipeline = redis.pipeline();
        for (let index = from; index < from + 1_000; index += 1) {
          const tag = `dead:1:${String(index).padStart(9, '0')}:0`;
          const text = `{"body": "${Buffer.from(String(index)).toString('base64')}", "headers": {"id": "${index}", "args": "${'x'.repeat(300)}"}, "properties": {"body_encoding": "base64", "delivery_info": {}}}`;
          pipeline.hset(key('unacked'), tag, `[${text}, "", "q"]`);
          pipeline.zadd(key('unacked_index'), '1', tag);
          pipeline.zadd(key('nestjs-celery.leases'), String(1_000 + index), tag);
        }
        await pipeline.exec();
      }
      const brokers = [world.open({ transportOptions: SHORT }), world.open({ transportOptions: SHORT })];
      const started = performance.now();
      for (const broker of brokers) await broker.consume([], { prefetch: 1, onDelivery: () => undefined });
      await eventually(async () => (await redis.llen(key('q'))) === count, { withinMs: 30_000 });

      expect(performance.now() - started).toBeLessThan(30_000);
      expect([
        await world.held(),
        await redis.zcard(key('unacked_index')),
        await redis.zcard(key('nestjs-celery.leases')),
      ]).toEqual([0, 0, 0]);
      // Several at once keep the order but for the batches they have in hand.
      const front = /"id": "(\d+)"/.exec((await redis.lindex(key('q'), -1)) ?? '')?.[1];
      expect(Number(front)).toBeLessThan(1_000);
    },
    LONG_MS,
  );
});

describe('Redis broker: a server that goes away', () => {
  it(
    'resumes within seconds of a restart, loses nothing that was confirmed, and goes on holding its messages',
    async () => {
      await using server = await startRedis({ args: ['--appendfsync', 'always'] });
      await using world = await aRedisWorld(server.url);
      const broker = world.open();
      const inbox = new Inbox();
      await broker.consume([plainQueue('q')], { prefetch: 100, onDelivery: inbox.receive });
      await broker.publish(to('q'), aMessage({ body: 'held' }));
      const held = await inbox.next();
      for (let round = 0; round < 3; round += 1) {
        await server.kill();
        const publish = (): Promise<void> =>
          broker.publish(to('q'), aMessage({ body: `waited ${round}` })).catch((error: unknown) => {
            // It went into the connection before the client noticed its end: what was written there is gone with the server.
            if (error instanceof PublishError && error.mayHaveBeenDelivered) return publish();
            throw error;
          });
        const waiting = publish();
        await server.start();
        const started = performance.now();
        await waiting;
        const delivery = await inbox.next();
        expect(performance.now() - started).toBeLessThan(5_000);
        expect(bodyOf(delivery)).toBe(`waited ${round}`);
        expect(await delivery.ack()).toBe('settled');
      }
      expect(await held.ack()).toBe('settled');
      expect(inbox.received).toBe(4);
      await eventually(async () => (await world.held()) === 0);
    },
    LONG_MS,
  );

  it(
    'publishes and consumes through restarts: every confirmed message arrives',
    async () => {
      await using server = await startRedis({ args: ['--appendfsync', 'always'] });
      await using world = await aRedisWorld(server.url);
      const broker = world.open({ publishTimeoutMs: 10_000 });
      const seen = new Set<string>();
      await broker.consume([plainQueue('q')], {
        prefetch: 50,
        onDelivery: (delivery) => {
          seen.add(bodyOf(delivery));
          void delivery.ack();
        },
      });
      const confirmed: string[] = [];
      const honest: boolean[] = [];
      let publishing = true;
      const publisher = (async () => {
        for (let index = 0; publishing; index += 1) {
          await broker.publish(to('q'), aMessage({ body: String(index) })).then(
            () => confirmed.push(String(index)),
            (error: unknown) => honest.push(error instanceof PublishError && error.mayHaveBeenDelivered),
          );
        }
      })();
      for (let round = 0; round < 3; round += 1) {
        const before = confirmed.length;
        await eventually(() => confirmed.length > before + 200, { withinMs: 10_000 });
        await server.restart();
      }
      publishing = false;
      await publisher;
      await eventually(() => confirmed.every((body) => seen.has(body)), { withinMs: 10_000 });

      expect(honest.every(Boolean)).toBe(true);
      expect(honest.length).toBeLessThanOrEqual(3);
    },
    LONG_MS,
  );

  it(
    'rejects a publish at its deadline and says that it may have been delivered, while the server is frozen',
    async () => {
      await using server = await startRedis();
      const world = await aRedisWorld(server.url);
      const broker = world.open();
      const inbox = new Inbox();
      await broker.publish(to('q'), aMessage());
      await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
      await inbox.next();
      server.freeze();
      const started = performance.now();
      const refused = await broker
        .publish(to('q'), aMessage(), { deadlineMs: 300 })
        .catch((error: unknown) => error);

      expect(performance.now() - started).toBeLessThan(1_500);
      expect(refused).toMatchObject({ code: 'PUBLISH_FAILED', mayHaveBeenDelivered: true });
      await broker.close();
      expect(performance.now() - started).toBeLessThan(20_000);
      world.redis.disconnect();
    },
    LONG_MS,
  );

  it('holds up the end once where nobody answers, and not for each question', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('redisUrl')).port));
    const broker = world.open({ urls: [`redis://127.0.0.1:${proxy.port}`] });
    const inbox = new Inbox();
    const subscriptions = await Promise.all(
      ['q', 'r', 's'].map((queue) =>
        broker.consume([plainQueue(queue)], { prefetch: 3, onDelivery: inbox.receive }),
      ),
    );
    for (const message of someMessages(3)) await broker.publish(to('q'), message);
    const [first, second] = [await inbox.next(), await inbox.next()];
    await inbox.next();
    proxy.freeze();
    const event = { ...to('events'), mayGoUnheard: true };
    const unheard = broker
      .publish(event, aMessage(), { deadlineMs: 60_000 })
      .catch((error: unknown) => error);
    const settled = [first.ack(), second.requeue()];
    const startMs = performance.now();
    for (const subscription of subscriptions) await subscription.cancel();
    expect(subscriptions.every(({ unheard }) => unheard)).toBe(true);
    const owed = broker.publish(to('q'), aMessage(), { deadlineMs: 60_000 }).catch((error: unknown) => error);
    await broker.close();
    // 1 s for the first of them, and half a second for the publish.
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(await Promise.all(settled)).toEqual(['lost', 'lost']);
    expect(await unheard).toBeInstanceOf(PublishError);
    expect(await owed).toMatchObject({ mayHaveBeenDelivered: false });
  });

  it('leaves no connection to a queue that was being added as it closed', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    const broker = world.open({ clientName: world.prefix });
    const inbox = new Inbox();
    const subscription = await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    const adding = subscription.addQueue(plainQueue('r')).catch(() => undefined);
    await broker.close();
    await adding;
    await eventually(async () => !String(await world.redis.client('LIST')).includes(world.prefix));
  });

  it(
    'takes up again after a server was frozen, without losing what was claimed meanwhile',
    async () => {
      await using server = await startRedis();
      await using world = await aRedisWorld(server.url);
      const broker = world.open({ transportOptions: { socketTimeout: '500ms', leaseTimeout: '2s' } });
      const inbox = new Inbox();
      await broker.consume([plainQueue('q')], { prefetch: 10, onDelivery: inbox.receive });
      for (const message of someMessages(5)) await broker.publish(to('q'), message);
      await inbox.takeBodies(3);
      server.freeze();
      const unsure = await broker
        .publish(to('q'), aMessage({ body: 'unsure' }), { deadlineMs: 2_000 })
        .catch((error: unknown) => error);
      expect(unsure).toMatchObject({ mayHaveBeenDelivered: true });
      server.thaw();
      await broker.publish(to('q'), aMessage({ body: 'after' }));
      const bodies = new Set<string>();
      while (!(bodies.has('3') && bodies.has('4') && bodies.has('after')))
        for (const body of await inbox.takeBodies(1)) bodies.add(body);
      await eventually(async () => (await world.held()) === 0);
    },
    LONG_MS,
  );

  it(
    'hands out again what its holder gave up while the server was silent for longer than the lease',
    async () => {
      await using server = await startRedis();
      await using world = await aRedisWorld(server.url);
      const broker = world.open({ transportOptions: { socketTimeout: '300ms', leaseTimeout: '1s' } });
      const inbox = new Inbox();
      await broker.consume([plainQueue('q')], { prefetch: 10, onDelivery: inbox.receive });
      await broker.publish(to('q'), aMessage({ body: 'waits' }));
      const given = await inbox.next();
      server.freeze();
      await eventually(() => given.lost.aborted, { withinMs: 20_000, what: 'the end of the lease' });
      server.thaw();

      const again = await inbox.next(20_000);
      expect(bodyOf(again)).toBe('waits');
      expect(again.redelivered).toBe(true);
      expect(await again.ack()).toBe('settled');
      expect(await world.held()).toBe(0);
    },
    LONG_MS,
  );

  it('says that nothing was sent when there was no connection, and bounds what waits', async () => {
    await using server = await startRedis();
    await server.kill();
    const world = await aRedisWorld(inject('redisUrl'));
    const broker = world.open({ urls: [server.url], transportOptions: { maxWaitingPublishes: 2 } });
    const results = await Promise.allSettled(
      [1, 2, 3].map(() => broker.publish(to('q'), aMessage(), { deadlineMs: 200 })),
    );

    expect(
      results.map((result) => result.status === 'rejected' && result.reason.mayHaveBeenDelivered),
    ).toEqual(Array(3).fill(false));
    expect(String(results[2]?.status === 'rejected' && results[2].reason)).toContain(
      '2 publishes are waiting',
    );
    await expect(broker.connect({ failFast: true })).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(broker.connected).toBe(false);
    await world[Symbol.asyncDispose]();
  });

  it('refuses a publish clearly when the memory is full, and still hands out and settles', async () => {
    await using server = await startRedis();
    await using world = await aRedisWorld(server.url);
    const broker = world.open();
    const inbox = new Inbox();
    for (const message of someMessages(3)) await broker.publish(to('q'), message);
    await world.redis.config('SET', 'maxmemory', '1');

    await expect(broker.publish(to('q'), aMessage())).rejects.toThrow(/out of memory.*It was not delivered/s);
    await broker.consume([plainQueue('q')], { prefetch: 3, onDelivery: inbox.receive });
    const [one, two, three] = await inbox.take(3);
    expect([await one!.ack(), await two!.requeue(), await three!.defer(Date.now() + 50)]).toEqual(
      Array(3).fill('settled'),
    );
    const rest = [await inbox.next()];
    await world.redis.config('SET', 'maxmemory', '0');
    rest.push(await inbox.next());
    expect(rest.map(bodyOf).toSorted()).toEqual(['1', '2']);
  });

  it(
    'waits for a master when its server has become a replica',
    async () => {
      await using server = await startRedis();
      await using world = await aRedisWorld(server.url);
      const broker = world.open();
      const inbox = new Inbox();
      await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
      await world.redis.replicaof('127.0.0.1', '1');
      const waiting = broker.publish(to('q'), aMessage({ body: 'x' }));
      await eventually(() => !broker.connected);
      await world.redis.replicaof('NO', 'ONE');
      await waiting;
      expect(await inbox.takeBodies(1)).toEqual(['x']);
    },
    LONG_MS,
  );

  it(
    'listens to broadcasts again after a restart',
    async () => {
      await using server = await startRedis();
      await using world = await aRedisWorld(server.url);
      const broker = world.open();
      const inbox = new Inbox();
      const exchange = {
        name: 'bc',
        type: 'fanout',
        durable: true,
        autoDelete: false,
        arguments: {},
      } as const;
      await broker.consume([{ ...plainQueue('b'), exchange, routingKey: '' }], {
        prefetch: 0,
        onDelivery: inbox.receive,
      });
      await server.restart();
      await eventually(async () => {
        await broker.publish({ exchange: 'bc', routingKey: '' }, aMessage());
        return inbox.received > 0;
      });
    },
    LONG_MS,
  );

  it(
    'leaves no connection behind, however often the server went',
    async () => {
      await using server = await startRedis();
      await using world = await aRedisWorld(server.url);
      const broker = world.open();
      await broker.consume([plainQueue('a'), plainQueue('b')], { prefetch: 1, onDelivery: () => undefined });
      const clients = async (): Promise<number> =>
        String(await world.redis.client('LIST'))
          .trim()
          .split('\n').length;
      const before = await eventually(async () => (await clients()) === 4 && 4);
      for (let round = 0; round < 5; round += 1) {
        await world.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await eventually(async () => (await clients()) === before);
      }
      await broker.close();
      await eventually(async () => (await clients()) === 1);
    },
    LONG_MS,
  );
});
