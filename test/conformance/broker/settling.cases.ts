import { expect, it } from 'vitest';
import { aMessage } from '../../support/a-message.js';
import { bodyOf } from '../../support/inbox.js';
import type { BrokerSuite } from '../broker.conformance.js';
import { consumeAt, openBench, to } from './bench.js';

export function settlingCases(suite: BrokerSuite): void {
  it('an acknowledged message is gone, also when the broker closes', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'done');
    const worker = await bench.connect();
    const { inbox } = await consumeAt(worker, queue);

    expect(await (await inbox.next()).ack()).toBe('settled');
    await worker.close();

    const { inbox: later } = await bench.consume(queue);
    await bench.quiet();
    expect(later.received).toBe(0);
  });

  it('a message that nobody settles stays with its consumer', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'held');
    const { inbox } = await bench.consume(queue);
    const delivery = await inbox.next();

    const { inbox: other } = await consumeAt(await bench.connect(), queue);
    await bench.quiet();

    expect(other.received).toBe(0);
    expect(await delivery.ack()).toBe('settled');
  });

  it('a rejected message does not come back', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'bad', 'good');
    const { inbox } = await bench.consume(queue, { prefetch: 1 });

    expect(await (await inbox.next()).reject()).toBe('settled');

    expect(bodyOf(await inbox.next())).toBe('good');
    await bench.quiet();
    expect(inbox.received).toBe(2);
    expect(await bench.broker.size(queue.name)).toBe(0);
  });

  it('a requeued message comes back unchanged, marked and counted', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const message = aMessage({
      body: Buffer.from([0, 255, 128]),
      headers: { id: 'a', nested: { list: [1, null] } },
      properties: { correlationId: 'a', replyTo: 'b', deliveryMode: 2, priority: 0 },
    });
    await bench.broker.publish(to(queue), message);
    const { inbox } = await bench.consume(queue);

    expect(await (await inbox.next()).requeue()).toBe('settled');

    const again = await inbox.next();
    expect(again.redelivered).toBe(true);
    expect(again.deliveryCount).toBe(suite.supports.deliveryCount ? 1 : undefined);
    expect(again.message.body.equals(message.body)).toBe(true);
    expect(again.message.properties).toEqual(message.properties);
    expect(again.message.headers).toMatchObject(message.headers);
    expect(again).toMatchObject({ queue: queue.name, exchange: '', routingKey: queue.name });
  });

  it('a requeued message can go to another consumer', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'next, please');
    const { inbox, subscription } = await bench.consume(queue);
    const delivery = await inbox.next();
    await subscription.cancel();
    const { inbox: other } = await consumeAt(await bench.connect(), queue);

    await delivery.requeue();

    const again = await other.next();
    expect(bodyOf(again)).toBe('next, please');
    expect(again.redelivered).toBe(true);
    expect(await again.ack()).toBe('settled');
  });

  it('only the first settlement counts', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'once');
    const { inbox } = await bench.consume(queue);
    const delivery = await inbox.next();

    expect(await delivery.ack()).toBe('settled');
    await delivery.requeue();
    await delivery.reject();
    await delivery.defer(bench.world.now());
    await delivery.ack();

    await bench.quiet();
    expect(inbox.received).toBe(1);
    expect(await bench.broker.size(queue.name)).toBe(0);
  });

  it('only the first settlement counts, also when two are made at once', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'again');
    const { inbox } = await bench.consume(queue);
    const delivery = await inbox.next();

    await Promise.all([delivery.requeue(), delivery.ack(), delivery.reject()]);

    expect(await inbox.takeBodies(1)).toEqual(['again']);
    await bench.quiet();
    expect(inbox.received).toBe(2);
  });

  it('frees its place in the prefetch, whichever way it is settled', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4');
    const { inbox } = await bench.consume(queue, { prefetch: 1 });

    await (await inbox.next()).ack();
    await (await inbox.next()).reject();
    await (await inbox.next()).defer(bench.world.now() + 3_600_000);

    expect(await inbox.takeBodies(2)).toEqual(['3', '4']);
  });

  it.skipIf(!suite.supports.deadLetter)(
    'a rejected message goes to the dead-letter queue it was given',
    async () => {
      await using bench = await openBench(suite);
      const dead = bench.queue('dead');
      const queue = bench.queue('queue', {
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': dead.name,
      });
      await bench.broker.declareQueue(dead);
      await bench.broker.publish(to(queue), aMessage({ body: 'poison', headers: { id: 'a' } }));
      const { inbox } = await bench.consume(queue);

      await (await inbox.next()).reject();

      const { inbox: undertaker } = await bench.consume(dead);
      const delivery = await undertaker.next();
      expect(bodyOf(delivery)).toBe('poison');
      expect(delivery.message.headers).toMatchObject({ id: 'a' });
      await bench.quiet();
      expect(inbox.received).toBe(1);
    },
  );

  it.skipIf(!suite.supports.deadLetter)('an acknowledged message goes to no dead-letter queue', async () => {
    await using bench = await openBench(suite);
    const dead = bench.queue('dead');
    const queue = bench.queue('queue', {
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead.name,
    });
    await bench.broker.declareQueue(dead);
    await bench.send(queue, 'fine', 'again');
    const { inbox } = await bench.consume(queue, { prefetch: 1 });

    await (await inbox.next()).ack();
    await (await inbox.next()).requeue();
    await inbox.takeBodies(1);

    await bench.quiet();
    expect(await bench.broker.size(dead.name)).toBe(0);
  });
}
