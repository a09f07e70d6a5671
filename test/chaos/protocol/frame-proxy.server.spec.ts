import { ACK } from '../../../lib/broker/redis/redis.scripts.js';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { PublishError } from '../../../lib/errors.js';
import { plainQueue } from '../../../lib/broker/topology.js';
import { anAmqpWorld } from '../../broker/amqp.world.js';
import { aRedisWorld } from '../../broker/redis.world.js';
import { aMessage } from '../../support/a-message.js';
import { eventually } from '../../support/eventually.js';
import { Inbox } from '../../support/inbox.js';
import { seeded } from '../random.js';
import { amqpReader, methodFrame } from './amqp.js';
import type { Frame } from './frame.js';
import { startFrameProxy } from './frame-proxy.js';
import { redisReader } from './redis.js';

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((e: unknown) => e);

describe('the frame proxy before RabbitMQ', () => {
  async function aWorld() {
    const world = await anAmqpWorld(inject('rabbitUrl'));
    const port = Number(new URL(inject('rabbitUrl')).port);
    const proxy = await startFrameProxy(port, seeded(1), amqpReader);
    const queue = plainQueue(world.name('q'));
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] });
    const direct = world.open();
    await direct.declareQueue(queue);
    const target = { exchange: '', routingKey: queue.name, queue };
    return {
      proxy,
      broker,
      size: () => direct.size(queue.name),
      publish: (body: string, deadlineMs = 2_000) =>
        broker.publish(target, aMessage({ body }), { deadlineMs }),
      async [Symbol.asyncDispose]() {
        proxy.heal();
        await world[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  it('sees every step of connecting and publishing, in both directions', async () => {
    await using world = await aWorld();
    const seen: string[] = [];
    world.proxy.judge(({ direction, name }) => {
      seen.push(direction === 'toServer' ? name : `<${name}`);
      return 'pass';
    });
    await world.publish('x'.repeat(300_000));
    const steps = [
      'greeting',
      '<connection.start',
      'connection.start-ok',
      '<connection.tune',
      'connection.tune-ok',
    ];
    expect(seen.slice(0, 7)).toEqual([...steps, 'connection.open', '<connection.open-ok']);
    // Bodies beyond the size of a frame come in several.
    expect(seen.slice(seen.indexOf('basic.publish'))).toEqual([
      'basic.publish',
      'header',
      'body',
      'body',
      'body',
      '<basic.ack',
    ]);
  });

  it.each(['cut', 'drop', 'stall'] as const)('answers a publish with nothing: %s', async (fate) => {
    await using world = await aWorld();
    await world.publish('first');
    const struck = world.proxy.strike(({ name }) => name === 'basic.ack', fate);
    const error = await failureOf(world.publish('second', 500));
    expect((await struck).direction).toBe('toClient');
    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ mayHaveBeenDelivered: true });
    await eventually(async () => (await world.size()) === 2);
  });

  it('stops a publish before the broker has read it', async () => {
    await using world = await aWorld();
    await world.publish('first');
    void world.proxy.strike(({ name }) => name === 'basic.publish', 'cut');
    expect(await failureOf(world.publish('second'))).toMatchObject({ mayHaveBeenDelivered: true });
    await world.publish('third');
    expect(await world.size()).toBe(2);
  });

  it('delivers an answer, then resets', async () => {
    await using world = await aWorld();
    await world.publish('first');
    void world.proxy.strike(({ name }) => name === 'basic.ack', 'pass, then cut');
    await world.publish('second');
    await eventually(() => !world.broker.connected);
    await world.publish('third');
  });

  it('speaks in the name of the client', async () => {
    await using world = await aWorld();
    let first: Frame | undefined;
    const seen: string[] = [];
    world.proxy.judge((frame) => {
      if (frame.name === 'basic.publish') first ??= frame;
      seen.push(frame.name);
      return 'pass';
    });
    await world.publish('first');
    const wrongAck = Buffer.concat([Buffer.alloc(7), Buffer.from([99, 0])]);
    first?.wire.say('toServer', methodFrame(first.channel, 'basic.ack', wrongAck));
    await eventually(() => seen.includes('channel.close'));
    // Its successor.
    await eventually(() => seen.filter((name) => name === 'confirm.select-ok').length === 2);
    await world.publish('second');
  });
});

describe('the frame proxy before Redis', () => {
  async function aWorld() {
    const world = await aRedisWorld(inject('redisUrl'));
    const proxy = await startFrameProxy(Number(new URL(inject('redisUrl')).port), seeded(1), redisReader);
    const queue = plainQueue('q');
    const url = `redis://127.0.0.1:${proxy.port}`;
    const broker = world.open({ urls: [url], transportOptions: { socketTimeout: 500 } });
    const target = { exchange: '', routingKey: queue.name, queue };
    return {
      proxy,
      broker,
      queue,
      url,
      client: (protocol: 2 | 3) => new Redis(url, { retryStrategy: () => null, protocol }),
      size: () => world.redis.llen(world.key('q')),
      publish: (body: string, deadlineMs = 2_000) =>
        broker.publish(target, aMessage({ body }), { deadlineMs }),
      async [Symbol.asyncDispose]() {
        proxy.heal();
        await world[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  it.each([2, 3] as const)(
    'names replies by what they answer, and what is said to subscribers (RESP %i)',
    async (protocol) => {
      await using world = await aWorld();
      const [client, other] = [world.client(protocol), world.client(protocol)];
      await Promise.all([client.ping(), other.ping()]);
      const replies: string[] = [];
      world.proxy.judge(({ direction, name, bytes }) => {
        if (direction === 'toClient')
          replies.push(`${name} ${bytes.toString('latin1', 0, 5).replace('\r\n', ' ')}`);
        return 'pass';
      });
      await Promise.allSettled([
        client.set('k', 'v'.repeat(100_000)),
        client.get('k'),
        client.get('none'),
        client.call('NONSENSE'),
        client.eval("return {1, {'a', {}}}", 0),
        client.multi().incr('n').del('n').exec(),
      ]);
      expect(replies.map((reply) => reply.split(' ').slice(0, 2).join(' '))).toEqual([
        'SET +OK',
        'GET $1000',
        protocol === 2 ? 'GET $-1' : 'GET _',
        'NONSENSE -ERR',
        'EVAL *2',
        'MULTI +OK',
        'INCR +QUEU',
        'DEL +QUEU',
        'EXEC *2',
      ]);
      replies.length = 0;
      await other.subscribe('a', 'b');
      await client.publish('b', 'said');
      await eventually(() => replies.length === 4);
      const names = new Set(replies.map((reply) => reply.split(' ')[0]));
      expect(names).toEqual(new Set(['SUBSCRIBE', 'PUBLISH', 'message']));
      for (const each of [client, other]) each.disconnect();
    },
  );

  it.each(['cut', 'drop', 'stall'] as const)('answers a publish with nothing: %s', async (fate) => {
    await using world = await aWorld();
    await world.publish('first');
    const struck = world.proxy.strike(isReplyTo('LPUSH'), fate);
    const error = await failureOf(world.publish('second', 700));
    await struck;
    expect(error).toMatchObject({ mayHaveBeenDelivered: true });
    expect(await world.size()).toBe(2);
  });

  it('swallows the reply to EVALSHA: what was taken is found again', async () => {
    await using world = await aWorld();
    const inbox = new Inbox();
    await world.broker.consume([world.queue], { prefetch: 1, onDelivery: inbox.receive });
    // From here on Redis knows the scripts.
    await world.publish('first');
    await (await inbox.next()).ack();
    const struck = world.proxy.strike(
      (frame) => isReplyTo('EVALSHA')(frame) && frame.bytes.includes('properties'),
      'cut',
    );
    await world.publish('taken');
    await struck;
    expect(await inbox.takeBodies(1)).toEqual(['taken']);
  });

  it('loses the answer to an acknowledgement, which counts all the same', async () => {
    await using world = await aWorld();
    const inbox = new Inbox();
    await world.broker.consume([world.queue], { prefetch: 1, onDelivery: inbox.receive });
    // From here on Redis knows the scripts.
    await world.publish('first');
    await (await inbox.next()).ack();
    await world.publish('second');
    const delivery = await inbox.next();
    let [asked, struck] = [false, false];
    world.proxy.judge((frame) => {
      asked ||= frame.bytes.includes(ACK.sha);
      if (struck || !asked || !isReplyTo('EVALSHA')(frame)) return 'pass';
      struck = true;
      return 'cut';
    });
    expect(await delivery.ack()).toBe('settled');
    expect([struck, await world.size()]).toEqual([true, 0]);
  });

  it('delivers the reply, then resets', async () => {
    await using world = await aWorld();
    await world.publish('first');
    void world.proxy.strike(isReplyTo('LPUSH'), 'pass, then cut');
    await world.publish('second');
    await eventually(() => !world.broker.connected);
    await world.publish('third');
    expect(await world.size()).toBe(3);
  });
});

function isReplyTo(command: string) {
  return ({ direction, name }: Frame): boolean => direction === 'toClient' && name === command;
}
