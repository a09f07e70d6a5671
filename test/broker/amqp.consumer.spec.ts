import { Socket } from 'node:net';
import { describe, expect, inject, it, vi } from 'vitest';
import type { Delivery } from '../../lib/broker/broker.js';
import { plainQueue, type QueueDeclaration } from '../../lib/broker/topology.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { startRabbit } from '../support/rabbitmq.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { anAmqpWorld } from './amqp.world.js';

const to = (queue: QueueDeclaration) => ({ exchange: '', routingKey: queue.name, queue });

describe('RabbitMQ broker: changing a consumer', () => {
  it('another prefetch loses nothing of a queue that deletes itself with its last consumer', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = { ...plainQueue(world.name('q')), autoDelete: true };
    const inbox = new Inbox();
    const lost: string[] = [];
    const subscription = await broker.consume([queue], {
      prefetch: 1,
      onDelivery: inbox.receive,
      onQueueLost: (name) => lost.push(name),
    });
    for (const body of ['0', '1', '2', '3']) await broker.publish(to(queue), aMessage({ body }));
    const first = await inbox.next();

    await subscription.setPrefetch(2);

    await first.ack();
    expect((await inbox.takeBodies(3)).toSorted()).toEqual(['1', '2', '3']);
    expect(lost).toEqual([]);
  });

  it('many changes at once leave the last number, and cancelling leaves no consumer', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const inbox = new Inbox();
    const subscription = await broker.consume([queue], { prefetch: 1, onDelivery: inbox.receive });

    await Promise.all([5, 3, 8, 2].map((prefetch) => subscription.setPrefetch(prefetch)));

    for (const body of ['0', '1', '2', '3']) await broker.publish(to(queue), aMessage({ body }));
    const [one] = await inbox.take(2);
    expect(inbox.received).toBe(2);
    await one?.ack();
    await inbox.next();
    await subscription.cancel();
    const channel = await world.channel();
    expect((await channel.checkQueue(queue.name)).consumerCount).toBe(0);
  });

  it('a change while its queue is deleted and comes back leaves one consumer', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const inbox = new Inbox();
    const lost: string[] = [];
    const subscription = await broker.consume([queue], {
      prefetch: 1,
      onDelivery: inbox.receive,
      onQueueLost: (name) => lost.push(name),
    });
    const channel = await world.channel();
    for (let prefetch = 2; prefetch < 5; prefetch += 1) {
      await Promise.all([channel.deleteQueue(queue.name), subscription.setPrefetch(prefetch)]);
      await eventually(() => lost.length === prefetch - 1);
      await broker.publish(to(queue), aMessage({ body: String(prefetch) }));
      expect(await inbox.takeBodies(1)).toEqual([String(prefetch)]);
      expect((await channel.checkQueue(queue.name)).consumerCount).toBe(1);
    }
  });

  it('stopping one that is just coming back leaves none, and what it holds can be settled', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const inbox = new Inbox();
    const lost: string[] = [];
    const subscription = await broker.consume([queue], {
      prefetch: 1,
      onDelivery: inbox.receive,
      onQueueLost: (name) => lost.push(name),
    });
    await broker.publish(to(queue), aMessage());
    const held = await inbox.next();
    const channel = await world.channel();
    await channel.deleteQueue(queue.name);
    await eventually(() => lost.length === 1);

    await subscription.cancel();

    expect(await held.ack()).toBe('settled');
    expect((await channel.assertQueue(queue.name)).consumerCount).toBe(0);
  });
});

describe('RabbitMQ broker: a delivery', () => {
  it('that is being deferred when the connections are lost is lost too, and comes again', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] });
    const queue = plainQueue(world.name('q'));
    await broker.publish(to(queue), aMessage({ body: 'x' }));
    const inbox = new Inbox();
    await broker.consume([queue], { prefetch: 1, onDelivery: inbox.receive });
    const first = await inbox.next();
    expect(await first.defer(Date.now() + 1_000)).toBe('settled');
    const back = await inbox.next();

    proxy.freeze();
    const deferred = back.defer(Date.now() + 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    proxy.heal();
    proxy.cut();

    expect(await deferred).toBe('lost');
    const again = await inbox.next();
    expect([bodyOf(again), again.redelivered]).toEqual(['x', true]);
    await again.ack();
  });

  it('held longer than RabbitMQ allows is lost, alone with its queue, and comes again', async () => {
    await using rabbit = await startRabbit({ conf: ['consumer_timeout = 1000'] });
    await rabbit.ctl('eval', 'application:set_env(rabbit, channel_tick_interval, 1000).');
    await using world = await anAmqpWorld(rabbit.url);
    const broker = world.open();
    const [slow, other] = [plainQueue('slow'), plainQueue('other')];
    const inbox = new Inbox();
    const reasons: string[] = [];
    await broker.consume([slow, other], {
      prefetch: 1,
      onDelivery: inbox.receive,
      onQueueLost: (queue, reason) => reasons.push(`${queue}: ${reason.message}`),
    });
    await broker.publish(to(slow), aMessage({ body: 'long', headers: { task: 'reports.make', id: 'one' } }));
    const held: Delivery = await inbox.next();
    await new Promise((resolve) => held.lost.addEventListener('abort', resolve));

    expect(await held.ack()).toBe('lost');
    const again = await inbox.next();
    expect([bodyOf(again), again.redelivered, await again.ack()]).toEqual(['long', true, 'settled']);
    expect(reasons).toEqual([
      expect.stringMatching(
        /^slow: .*refused to wait longer for queue "slow": reports.make\[one\] .* consumer_timeout of 1000 ms/,
      ),
    ]);
    await broker.publish(to(other), aMessage({ body: 'fine' }));
    expect(await inbox.takeBodies(1)).toEqual(['fine']);
    expect(await broker.size('slow')).toBe(0);
  });
});

describe('RabbitMQ broker: what is acknowledged before it is run', () => {
  it('has left the process by then: its death hands nothing out again', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const inbox = new Inbox();
    await broker.consume([queue], { prefetch: 10, onDelivery: inbox.receive });
    for (const body of ['0', '1', '2']) await broker.publish(to(queue), aMessage({ body }));
    const deliveries = await inbox.take(3);
    const write = vi.spyOn(Socket.prototype, 'write');
    const acknowledged = () =>
      write.mock.calls.some(
        ([bytes]) => bytes instanceof Uint8Array && Buffer.from(bytes).includes(BASIC_ACK),
      );
    try {
      for (const delivery of deliveries) {
        write.mockClear();
        expect(await delivery.ackFirst?.()).toBe('settled');
        expect(acknowledged()).toBe(true);
      }
    } finally {
      write.mockRestore();
    }
  });
});

/** Class 60, method 80. */
const BASIC_ACK = Buffer.from([0, 60, 0, 80]);
