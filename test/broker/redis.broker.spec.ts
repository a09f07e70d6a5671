import { describe, expect, inject, it } from 'vitest';
import { UnroutableError } from '../../lib/errors.js';
import { plainQueue, type QueueDeclaration } from '../../lib/broker/topology.js';
import { aMessage, someMessages } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { aRedisWorld } from './redis.world.js';

const SEP = '\x06\x16';
const aWorld = () => aRedisWorld(inject('redisUrl'));
const to = (queue: string) => ({ exchange: '', routingKey: queue });

function bound(
  name: string,
  type: 'direct' | 'topic' | 'fanout',
  exchange: string,
  key: string,
): QueueDeclaration {
  return {
    ...plainQueue(name),
    exchange: { name: exchange, type, durable: true, autoDelete: false, arguments: {} },
    routingKey: key,
  };
}

describe('Redis broker: keys', () => {
  it('are those of kombu, from declaration to ack', async () => {
    await using world = await aWorld();
    const { redis, key } = world;
    const broker = world.open();
    const inbox = new Inbox();
    await broker.declareQueue(plainQueue('celery'));
    await broker.publish(to('celery'), aMessage());
    await broker.publish(to('celery'), aMessage({ properties: { priority: 5 } }));

    expect((await redis.keys(`${world.prefix}*`)).toSorted()).toEqual([
      key('_kombu.binding.celery'),
      key('celery'),
      key(`celery${SEP}3`),
    ]);
    expect(await redis.smembers(key('_kombu.binding.celery'))).toEqual([`celery${SEP}${SEP}celery`]);
    const raw = await redis.lindex(key('celery'), 0);

    await broker.consume([plainQueue('celery')], { prefetch: 1, onDelivery: inbox.receive });
    const delivery = await inbox.next();
    const [[tag, held] = ['', '']] = Object.entries(await redis.hgetall(key('unacked')));
    expect(held).toBe(`[${raw}, "", "celery"]`);
    expect(await redis.zscore(key('unacked_index'), tag)).toMatch(/^\d{10}\.\d+/);
    expect(await delivery.ack()).toBe('settled');

    expect(await (await inbox.next()).ack()).toBe('settled');
    expect(await redis.keys(`${world.prefix}*`)).toEqual([key('_kombu.binding.celery')]);
  });

  it('can be named as in Celery', async () => {
    await using world = await aWorld();
    const { redis, key } = world;
    const inbox = new Inbox();
    const transportOptions = { unackedKey: 'u', unackedIndexKey: 'i', sep: ':', prioritySteps: [0, 5] };
    const broker = world.open({ transportOptions });
    await broker.publish(to('q'), aMessage({ properties: { priority: 9 } }));

    expect(await redis.llen(key('q:5'))).toBe(1);
    await broker.consume([plainQueue('q')], { prefetch: 0, onDelivery: inbox.receive });
    await inbox.next();
    expect([await redis.hlen(key('u')), await redis.zcard(key('i'))]).toEqual([1, 1]);
  });
});

describe('Redis broker: exchanges', () => {
  it('direct reaches the queues of that key, also those another process bound', async () => {
    await using world = await aWorld();
    const [broker, other] = [world.open(), world.open()];
    await other.declareQueue(bound('one', 'direct', 'ex', 'k'));
    await other.declareQueue(bound('two', 'direct', 'ex', 'k'));
    await broker.declareQueue(bound('three', 'direct', 'ex', 'else'));
    await broker.publish({ exchange: 'ex', routingKey: 'k' }, aMessage());

    expect(await Promise.all(['one', 'two', 'three'].map((queue) => broker.size(queue)))).toEqual([1, 1, 0]);
    const tags = await Promise.all(['one', 'two'].map((queue) => world.redis.lindex(world.key(queue), 0)));
    expect(tags[0]).not.toBe(tags[1]);
  });

  it('topic reaches the queues whose pattern fits', async () => {
    await using world = await aWorld();
    const broker = world.open();
    await broker.declareQueue(bound('all', 'topic', 'news', '#'));
    await broker.declareQueue(bound('sport', 'topic', 'news', 'sport.*'));
    await broker.publish({ exchange: 'news', routingKey: 'sport.ski' }, aMessage());
    await broker.publish({ exchange: 'news', routingKey: 'art' }, aMessage());

    expect([await broker.size('all'), await broker.size('sport')]).toEqual([2, 1]);
  });

  it('nobody bound there is an error, and no message is left', async () => {
    await using world = await aWorld();
    const broker = world.open();
    await expect(broker.publish({ exchange: 'none', routingKey: 'k' }, aMessage())).rejects.toThrow(
      UnroutableError,
    );
  });

  it('bindings that were lost are written again by those who declared them', async () => {
    await using world = await aWorld();
    const broker = world.open();
    await broker.declareQueue(bound('one', 'direct', 'ex', 'k'));
    await world.redis.del(world.key('_kombu.binding.ex'));
    await broker.publish({ exchange: 'ex', routingKey: 'k' }, aMessage());

    expect(await broker.size('one')).toBe(1);
  });

  it('headers exchanges are refused with a sentence', async () => {
    await using world = await aWorld();
    const queue = {
      ...plainQueue('h'),
      exchange: { ...plainQueue('h').exchange!, type: 'headers' as const },
    };
    await expect(world.open().declareQueue(queue)).rejects.toThrow(/headers exchanges do not exist on Redis/);
  });

  it('fanout reaches everyone who listens, with routing key patterns, and nobody else', async () => {
    await using world = await aWorld();
    const [sender, one, two] = [world.open(), world.open(), world.open()];
    const [heardOne, heardTwo] = [new Inbox(), new Inbox()];
    await one.consume([bound('q1', 'fanout', 'events', '#')], {
      prefetch: 0,
      onDelivery: heardOne.receive,
      noAck: true,
    });
    await two.consume([bound('q2', 'fanout', 'events', 'worker.#')], {
      prefetch: 0,
      onDelivery: heardTwo.receive,
      noAck: true,
    });
    const exchangeDeclaration = bound('', 'fanout', 'events', '').exchange!;
    await sender.publish(
      { exchange: 'events', routingKey: 'task.sent', exchangeDeclaration },
      aMessage({ body: 'a' }),
    );
    await sender.publish(
      { exchange: 'events', routingKey: 'worker.online', exchangeDeclaration },
      aMessage({ body: 'b' }),
    );

    expect(await heardOne.takeBodies(2)).toEqual(['a', 'b']);
    expect(await heardTwo.takeBodies(1)).toEqual(['b']);
    expect(await world.held()).toBe(0);
  });

  it('fanout channels are named as in Celery', async () => {
    await using world = await aWorld();
    const listener = world.redis.duplicate();
    await listener.connect();
    const heard: string[] = [];
    listener.on('pmessage', (_pattern: string, channel: string) => heard.push(channel));
    await listener.psubscribe(`${world.prefix}*`);
    const exchangeDeclaration = bound('', 'fanout', 'celery.pidbox', '').exchange!;
    const broker = world.open();
    await broker.publish({ exchange: 'celery.pidbox', routingKey: '', exchangeDeclaration }, aMessage());
    await broker.publish(
      {
        exchange: 'celeryev',
        routingKey: 'task.multi',
        exchangeDeclaration: { ...exchangeDeclaration, name: 'celeryev' },
      },
      aMessage(),
    );

    await eventually(() => heard.length === 2);
    expect(heard).toEqual([world.key('/0.celery.pidbox'), world.key('/0.celeryev/task.multi')]);
    listener.disconnect();
  });
});

describe('Redis broker: consuming', () => {
  it('takes the most urgent first and keeps the order of equals', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    for (const [index, priority] of [9, 0, 3, 5, 0].entries()) {
      await broker.publish(to('q'), aMessage({ body: String(index), properties: { priority } }));
    }
    await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });

    expect(await inbox.takeBodies(5)).toEqual(['1', '4', '2', '3', '0']);
  });

  it('serves queues in turn, so that a full one does not hold up another', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    for (const message of someMessages(50)) await broker.publish(to('full'), message);
    await broker.publish(to('rare'), aMessage({ body: 'rare' }));
    await broker.consume([plainQueue('full'), plainQueue('rare')], {
      prefetch: 1,
      onDelivery: inbox.receive,
    });

    expect(await inbox.takeBodies(2)).toContain('rare');
  });

  it('hands out a message within milliseconds of its arrival, whatever list it is put in', async () => {
    await using world = await aWorld();
    const [broker, sender] = [world.open(), world.open()];
    const inbox = new Inbox();
    await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    for (const priority of [0, 9, 0, 3]) {
      const started = performance.now();
      await sender.publish(to('q'), aMessage({ properties: { priority } }));
      await (await inbox.next()).ack();
      expect(performance.now() - started).toBeLessThan(250);
    }
  });

  it('gives malformed elements out whole, and goes on', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    await world.redis.lpush(world.key('q'), 'no json', Buffer.from([0xff, 0x00]), '{"headers": null}', '');
    await broker.consume([plainQueue('q')], { prefetch: 0, onDelivery: inbox.receive });
    const deliveries = await inbox.take(4);

    expect(deliveries.map(({ malformed }) => malformed !== undefined)).toEqual([true, true, true, true]);
    expect(deliveries[1]?.message.body).toEqual(Buffer.from([0xff, 0x00]));
    expect(await Promise.all(deliveries.map((delivery) => delivery.reject()))).toEqual(
      Array(4).fill('settled'),
    );
    expect(await world.held()).toBe(0);
  });

  it('a queue whose key is no list is reported and does not hold up the others', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    const lost: string[] = [];
    await world.redis.set(world.key('odd'), 'x');
    await broker.publish(to('good'), aMessage({ body: 'fine' }));
    await broker.consume([plainQueue('odd'), plainQueue('good')], {
      prefetch: 0,
      onDelivery: inbox.receive,
      onQueueLost: (queue) => lost.push(queue),
    });

    expect(await inbox.takeBodies(1)).toEqual(['fine']);
    expect(lost).toEqual(['odd']);
  });

  it('gives a message back to the back, marked, counted and otherwise unchanged', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    await broker.publish(to('q'), aMessage({ body: 'a' }));
    await broker.publish(to('q'), aMessage({ body: 'b' }));
    const subscription = await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    const first = await inbox.next();
    expect([first.redelivered, first.deliveryCount]).toEqual([false, 0]);
    expect(await first.requeue()).toBe('settled');
    const [second] = await inbox.take(1);
    expect(bodyOf(second!)).toBe('b');
    await second!.ack();
    const again = await inbox.next();

    expect([bodyOf(again), again.redelivered, again.deliveryCount]).toEqual(['a', true, 1]);
    expect(again.message.headers).not.toHaveProperty('x-delivery-count');
    await subscription.cancel();
  });

  it('puts a message away until it is due, and brings back the same bytes', async () => {
    await using world = await aWorld();
    const { redis, key } = world;
    const broker = world.open();
    const inbox = new Inbox();
    const raw =
      '{"body": "W10=", "headers": {"big": 9007199254740993, "f": 1.0, "e": []}, "properties": {"body_encoding": "base64"}}';
    await redis.lpush(key(`q${SEP}6`), raw);
    await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    const first = await inbox.next();
    const dueMs = Date.now() + 300;
    expect(await first.defer(dueMs)).toBe('settled');
    expect([await world.held(), await redis.zcard(key('nestjs-celery.delayed'))]).toEqual([0, 1]);

    const second = await inbox.next();
    expect(Date.now() - dueMs).toBeGreaterThanOrEqual(-2);
    expect(Date.now() - dueMs).toBeLessThan(250);
    expect(second.redelivered).toBe(false);
    expect(Object.values(await redis.hgetall(key('unacked')))).toEqual([`[${raw}, "", "q"]`]);
    expect(await redis.keys(key('nestjs-celery.delayed*'))).toEqual([]);
  });

  it('a second settlement does nothing, and one for a message that is gone says lost', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    for (const message of someMessages(3)) await broker.publish(to('q'), message);
    await broker.consume([plainQueue('q')], { prefetch: 3, onDelivery: inbox.receive });
    const [one, two, three] = await inbox.take(3);
    expect([await one!.ack(), await one!.requeue()]).toEqual(['settled', 'settled']);
    await world.redis.del(world.key('unacked'));

    expect([await two!.ack(), await three!.requeue()]).toEqual(['lost', 'lost']);
    expect(await broker.size('q')).toBe(0);
  });

  it('cancel leaves what was handed out and stops at once', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    for (const message of someMessages(20)) await broker.publish(to('q'), message);
    const subscription = await broker.consume([plainQueue('q')], { prefetch: 5, onDelivery: inbox.receive });
    const taken = await inbox.take(5);
    await Promise.all([taken[0]!.ack(), taken[1]!.ack(), subscription.cancel()]);
    await taken[2]!.ack();
    await subscription.cancel();

    expect(inbox.received).toBe(5);
    expect([await world.held(), await broker.size('q')]).toEqual([2, 15]);
    expect(await taken[3]!.ack()).toBe('settled');
  });

  it('close gives everything unsettled back to the front, in order and marked', async () => {
    await using world = await aWorld();
    const [broker, next] = [world.open(), world.open()];
    const [inbox, after] = [new Inbox(), new Inbox()];
    for (const message of someMessages(6)) await broker.publish(to('q'), message);
    await broker.consume([plainQueue('q')], { prefetch: 4, onDelivery: inbox.receive });
    const [first] = await inbox.take(4);
    await first!.ack();
    // What is claimed in its place and not handed out yet would go back unmarked.
    await inbox.next();
    await broker.close();
    expect([await world.held(), await world.redis.zcard(world.key('nestjs-celery.leases'))]).toEqual([0, 0]);

    await next.consume([plainQueue('q')], { prefetch: 10, onDelivery: after.receive });
    const rest = await after.take(5);
    expect(rest.map(bodyOf)).toEqual(['1', '2', '3', '4', '5']);
    expect(rest.map((delivery) => delivery.redelivered)).toEqual([true, true, true, true, false]);
  });

  it('purge empties every list and counts them; size does not count what is handed out', async () => {
    await using world = await aWorld();
    const broker = world.open();
    const inbox = new Inbox();
    for (const priority of [0, 3, 6, 9])
      await broker.publish(to('q'), aMessage({ properties: { priority } }));
    const subscription = await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
    await inbox.next();
    await subscription.cancel();

    expect(await broker.size('q')).toBe(3);
    expect(await broker.purge('q')).toBe(3);
    expect([await broker.size('q'), await world.held()]).toEqual([0, 1]);
  });
});
