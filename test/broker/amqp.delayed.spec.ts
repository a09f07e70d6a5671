import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import type { Broker } from '../../lib/broker/broker.js';
import { delayExchange, delayKey, delaySeconds } from '../../lib/broker/amqp/amqp.delayed.js';
import { plainQueue, type QueueDeclaration } from '../../lib/broker/topology.js';
import { aMessage } from '../support/a-message.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { startRabbit } from '../support/rabbitmq.js';
import { freePort } from '../support/servers/free-port.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { anAmqpWorld } from './amqp.world.js';

const to = (queue: QueueDeclaration) => ({ exchange: '', routingKey: queue.name, queue });

async function inboxOf(broker: Broker, ...queues: readonly QueueDeclaration[]): Promise<Inbox> {
  const inbox = new Inbox();
  await broker.consume(queues, { prefetch: 0, onDelivery: inbox.receive });
  return inbox;
}

describe('the delay of a deferred message', () => {
  it.each([
    ['passed', -5_000, 0],
    ['now', 0, 0],
    ['within a second', 400, 1],
    ['one second', 1_000, 1],
    ['the rest of a second is left to the worker', 10_999, 10],
    ['years', 365 * 86_400_000, 31_536_000],
    ['more than 28 bits hold', 2 ** 28 * 1000 + 5, 2 ** 28 - 1],
    ['for ever', Number.POSITIVE_INFINITY, 2 ** 28 - 1],
    ['no time at all', Number.NaN, 0],
  ])('%s', (_, afterMs, seconds) => {
    expect(delaySeconds(1_700_000_000_000 + afterMs, 1_700_000_000_000)).toBe(seconds);
  });

  it('becomes the key that Celery sends for countdown=10', () => {
    expect(delayKey(10, 'celery')).toBe('0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.1.0.celery');
    expect(delayKey(2 ** 28 - 1, 'q').split('.')).toHaveLength(29);
  });

  it.each([
    [0, 'celery_delayed_delivery'],
    [1, 'celery_delayed_0'],
    [10, 'celery_delayed_3'],
    [300, 'celery_delayed_8'],
    [2 ** 28 - 1, 'celery_delayed_27'],
  ])('of %d s begins at the first level that holds it', (seconds, exchange) => {
    expect(delayExchange(seconds)).toBe(exchange);
  });

  it('keeps to the length of a key, and to the queue meant', () => {
    expect(Buffer.byteLength(delayKey(5, 'ž'.repeat(127)))).toBeLessThanOrEqual(255);
    expect(delayKey(5, 'a.#')).not.toContain('#');
    expect(delayKey(5, '*')).not.toContain('*');
  });
});

describe('RabbitMQ broker: deferring', () => {
  it('brings a message back to its own queue only, whatever the names', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const names = ['a', 'x.a', `${'long'.repeat(50)}`, '#'].map((name) =>
      world.name(name).replace(/^#-.*/, '#'),
    );
    const queues = [...names, `${world.name('w')}.#`].map((name) => plainQueue(name));
    const inbox = await inboxOf(broker, ...queues);
    for (const queue of queues) await broker.publish(to(queue), aMessage({ body: queue.name }));
    const first = await inbox.take(queues.length);

    for (const delivery of first) await delivery.defer(Date.now() + 1_500);

    const again = await inbox.take(queues.length);
    expect(again.map((delivery) => delivery.queue).toSorted()).toEqual(
      queues.map(({ name }) => name).toSorted(),
    );
    expect(again.every((delivery) => delivery.queue === bodyOf(delivery))).toBe(true);
    for (const delivery of again) await delivery.ack();
    expect(inbox.received).toBe(2 * queues.length);
  });

  it('hands it out as it was: exchange, key, headers, time to live, and whether it had come back before', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const exchange = { ...plainQueue('').exchange!, name: world.name('x'), type: 'topic' as const };
    const queue = {
      ...plainQueue(world.name('q'), { 'x-queue-type': 'quorum' }),
      exchange,
      routingKey: 'mail.#',
    };
    const inbox = await inboxOf(broker, queue);
    const message = aMessage({
      headers: { id: 'a' },
      properties: { expiration: '600000', correlationId: 'c' },
    });
    await broker.publish({ exchange: exchange.name, routingKey: 'mail.new', queue }, message);
    await (await inbox.next()).requeue();
    const before = await inbox.next();

    for (let round = 0; round < 2; round += 1) {
      await (round === 0 ? before : await inbox.next()).defer(Date.now() + 1_200);
    }

    const after = await inbox.next();
    expect(after).toMatchObject({
      exchange: exchange.name,
      routingKey: 'mail.new',
      redelivered: true,
      deliveryCount: 1,
    });
    expect(after.message).toEqual(before.message);
    expect(after.message.headers).toEqual({ id: 'a' });
  });

  it('takes its time on every level it passes, and one that is long does not hold up a short one', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const inbox = await inboxOf(broker, queue);
    for (const body of ['3600', '3', '1']) await broker.publish(to(queue), aMessage({ body }));
    const dueAt = new Map<string, number>();
    for (const delivery of await inbox.take(3)) {
      const dueMs = Date.now() + Number(bodyOf(delivery)) * 1000 + 100;
      dueAt.set(bodyOf(delivery), dueMs);
      await delivery.defer(dueMs);
    }

    for (const body of ['1', '3']) {
      const delivery = await inbox.next();
      expect(bodyOf(delivery)).toBe(body);
      expect(Math.abs(Date.now() - dueAt.get(body)!)).toBeLessThan(1_000);
      await delivery.ack();
    }
    expect(inbox.received).toBe(5);
  });

  it('counts what a publish has waited for its connection', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const queue = plainQueue(world.name('q'));
    const inbox = await inboxOf(world.open(), queue);
    const port = await freePort();
    const late = world.open({ urls: [`amqp://127.0.0.1:${port}`] });
    const dueMs = Date.now() + 4_900;
    const published = late.publish(to(queue), aMessage(), { notBeforeMs: dueMs });
    await pause(2_000);
    await using _proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port), port);
    await published;

    await (await inbox.next()).ack();
    expect(Date.now() - dueMs).toBeLessThan(1_000);
  });

  it('a queue made anew since the last deferral gets its messages back too', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const deferOne = async (): Promise<void> => {
      const inbox = new Inbox();
      const subscription = await broker.consume([queue], { prefetch: 0, onDelivery: inbox.receive });
      await broker.publish(to(queue), aMessage());
      await (await inbox.next()).defer(Date.now() - 1);
      await (await inbox.next()).ack();
      await subscription.cancel();
    };
    await deferOne();
    await (await world.channel()).deleteQueue(queue.name);

    await deferOne();
  });

  it('holds nothing back for a queue that refuses what is too much: whoever publishes hears of it', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'), { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
    const inAnHour = { notBeforeMs: Date.now() + 3_600_000 };
    await broker.publish(to(queue), aMessage(), inAnHour);
    await expect(broker.publish(to(queue), aMessage(), inAnHour)).rejects.toThrow(/the queue is full/);
  });

  it('works with classic delay queues by option; what cannot be deferred stays ours', async () => {
    await using rabbit = await startRabbit();
    await using world = await anAmqpWorld(rabbit.url);
    const classic = world.open({ transportOptions: { nativeDelayedDeliveryQueueType: 'classic' } });
    const queue = plainQueue('q');
    const inbox = await inboxOf(classic, queue);
    await classic.publish(to(queue), aMessage());
    expect(await (await inbox.next()).defer(Date.now() + 1_200)).toBe('settled');
    await (await inbox.next()).ack();
    await classic.close();

    const quorum = world.open();
    const other = await inboxOf(quorum, queue);
    await quorum.publish(to(queue), aMessage());
    const delivery = await other.next();
    await expect(delivery.defer(Date.now() + 1_200)).rejects.toThrow(/Delay queue celery_delayed_0 exists/);
    expect(await delivery.requeue()).toBe('settled');
    const again = await other.next();
    expect(again.redelivered).toBe(true);
    await again.ack();

    // Nor can anything be held back: it is handed out at once.
    await quorum.publish(to(queue), aMessage({ body: 'in an hour' }), {
      notBeforeMs: Date.now() + 3_600_000,
    });
    expect(bodyOf(await other.next())).toBe('in an hour');
  }, 60_000);
});
