import { expect, it } from 'vitest';
import { CeleryError } from '../../../lib/errors.js';
import type { Delivery } from '../../../lib/broker/broker.js';
import { eventually } from '../../support/eventually.js';
import { aMessage, someMessages } from '../../support/a-message.js';
import { bodyOf } from '../../support/inbox.js';
import type { BrokerSuite } from '../broker.conformance.js';
import { consumeAt, openBench, to } from './bench.js';

export function closingCases(suite: BrokerSuite): void {
  it('connects, says so, and tells where without a password', async () => {
    await using bench = await openBench(suite);

    await bench.broker.connect({ failFast: true });
    await bench.broker.connect();

    expect(bench.broker.connected).toBe(true);
    expect(bench.broker.url).toMatch(new RegExp(`^${bench.broker.transport}[a-z+]*:`));
    expect(bench.broker.url).not.toMatch(/:\/\/[^/@]*:[^*@/]+@/);
    expect(bench.broker.supports).toEqual(suite.supports);
  });

  it('gives back what is unsettled: to the front, in order, marked', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4');
    const worker = await bench.connect();
    const { inbox } = await consumeAt(worker, queue, { prefetch: 3 });
    const [done] = await inbox.take(3);
    await done?.ack();
    const alsoHeld = await inbox.next();
    expect(bodyOf(alsoHeld)).toBe('3');

    await worker.close();

    const { inbox: later } = await bench.consume(queue);
    const deliveries = await later.take(4);
    expect(deliveries.map(bodyOf)).toEqual(['1', '2', '3', '4']);
    expect(deliveries.map((delivery) => delivery.redelivered)).toEqual([true, true, true, false]);
  });

  it('settles nothing afterwards: the delivery is lost', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3');
    const worker = await bench.connect();
    const { inbox } = await consumeAt(worker, queue);
    const [a, b, c, d] = await inbox.take(4);

    await worker.close();

    expect(await a?.ack()).toBe('lost');
    expect(await b?.reject()).toBe('lost');
    expect(await c?.requeue()).toBe('lost');
    expect(await d?.defer(bench.world.now() + 60_000)).toBe('lost');
    await eventually(async () => (await bench.broker.size(queue.name)) === 4);
  });

  it('ends every subscription', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const worker = await bench.connect();
    const { inbox, subscription } = await consumeAt(worker, queue);

    await worker.close();
    await bench.send(queue, 'for others');
    await bench.quiet();

    expect(inbox.received).toBe(0);
    expect(await bench.broker.size(queue.name)).toBe(1);
    await subscription.cancel();
  });

  it('waits for publishes under way', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.declareQueue(queue);
    const sender = await bench.connect();

    const publishes = someMessages(50).map((message) => sender.publish(to(queue), message));
    await sender.close();

    await Promise.all(publishes);
    expect(await bench.broker.size(queue.name)).toBe(50);
  });

  it('can be repeated, also at once, and before anything was done', async () => {
    await using bench = await openBench(suite);
    const unused = await bench.connect();

    await unused.close();
    await Promise.all([bench.broker.close(), bench.broker.close()]);
    await bench.broker.close();

    expect(bench.broker.connected).toBe(false);
  });

  it('refuses every call afterwards and says why', async () => {
    await using bench = await openBench(suite);
    const { broker } = bench;
    const queue = bench.queue();
    await broker.close();

    const calls: Record<string, () => Promise<unknown>> = {
      connect: () => broker.connect(),
      declareQueue: () => broker.declareQueue(queue),
      publish: () => broker.publish(to(queue), aMessage()),
      consume: () => broker.consume([queue], { prefetch: 1, onDelivery: () => undefined }),
      purge: () => broker.purge(queue.name),
      size: () => broker.size(queue.name),
    };

    for (const [call, make] of Object.entries(calls)) {
      const error: unknown = await make().catch((thrown: unknown) => thrown);
      expect(error, call).toBeInstanceOf(CeleryError);
      if (error instanceof Error) expect(`${error.message} ${String(error.cause)}`, call).toMatch(/closed/i);
    }
  });

  it("a queue of its consumer's own goes with it", async () => {
    await using bench = await openBench(suite);
    const own = {
      ...bench.queue('own'),
      exchange: undefined,
      durable: false,
      exclusive: true,
      autoDelete: true,
      consumerOnly: true,
    };
    const client = await bench.connect();
    const { inbox } = await consumeAt(client, own, { prefetch: 1 });
    for (const message of someMessages(3)) {
      await bench.broker.publish({ exchange: '', routingKey: own.name }, message);
    }
    expect(bodyOf(await inbox.next())).toBe('0');

    await client.close();

    await bench.quiet();
    expect(await bench.broker.size(own.name)).toBe(0);
  });

  it('leaves nothing behind', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const worker = await bench.connect();
    const { inbox, subscription } = await consumeAt(worker, [queue, bench.queue('other')], { prefetch: 2 });
    await bench.send(queue, 'acked', 'requeued', 'deferred', 'rejected');
    const ways: readonly ((delivery: Delivery) => Promise<unknown>)[] = [
      (delivery) => delivery.ack(),
      (delivery) => delivery.requeue(),
      (delivery) => delivery.defer(bench.world.now() - 1),
      (delivery) => delivery.reject(),
    ];
    for (const settle of ways) await settle(await inbox.next());
    await bench.world.advance(suite.supports.deferResolutionMs);
    await inbox.takeBodies(2);
    await subscription.cancel();

    await bench.closeAll();

    expect((await bench.world.leftovers?.()) ?? []).toEqual([]);
  });
}
