import { expect, it } from 'vitest';
import type { Delivery, Sifted } from '../../../lib/broker/broker.js';
import { aMessage } from '../../support/a-message.js';
import { eventually } from '../../support/eventually.js';
import { bodyOf, Inbox } from '../../support/inbox.js';
import type { BrokerSuite } from '../broker.conformance.js';
import { consumeAt, itUnless, openBench, to } from './bench.js';

export function timeCases(suite: BrokerSuite): void {
  /** Long enough to see that nothing comes before, short enough for a test that really waits. */
  const waitMs = suite.supports.deferResolutionMs === 1 ? 600 : 3 * suite.supports.deferResolutionMs;

  it('a deferred message comes back at its time and not before', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'later');
    const arrivals: number[] = [];
    const inbox = new Inbox();
    await bench.consume(queue, {
      onDelivery: (delivery: Delivery) => {
        arrivals.push(bench.world.now());
        inbox.receive(delivery);
      },
    });
    const delivery = await inbox.next();
    const dueMs = bench.world.now() + waitMs;

    expect(await delivery.defer(dueMs)).toBe('settled');
    await bench.quiet();
    expect(inbox.received).toBe(1);

    await bench.world.advance(waitMs);
    expect(bodyOf(await inbox.next())).toBe('later');
    expect(arrivals[1]).toBeGreaterThan(dueMs - suite.supports.deferResolutionMs);
  });

  it('a deferred message comes back unchanged, and not as redelivered: it was never begun', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const message = aMessage({
      body: Buffer.from([0, 255, 128]),
      contentType: 'application/x-msgpack',
      contentEncoding: 'binary',
      headers: { id: 'a', nested: { list: [1, null] } },
      properties: { correlationId: 'a', replyTo: 'b', deliveryMode: 2, priority: 0 },
    });
    await bench.broker.publish(to(queue), message);
    const { inbox } = await bench.consume(queue);

    await (await inbox.next()).defer(bench.world.now() + waitMs);
    await bench.world.advance(waitMs);

    const again = await inbox.next();
    expect(again.redelivered).toBe(false);
    expect(again.queue).toBe(queue.name);
    expect(again.message.body.equals(message.body)).toBe(true);
    expect(again.message.contentType).toBe(message.contentType);
    expect(again.message.contentEncoding).toBe(message.contentEncoding);
    expect(again.message.properties).toEqual(message.properties);
    expect(again.message.headers).toMatchObject(message.headers);
  });

  it('a message deferred to a time that has passed comes back soon', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'overdue');
    const { inbox } = await bench.consume(queue);

    await (await inbox.next()).defer(bench.world.now() - 60_000);
    await bench.world.advance(suite.supports.deferResolutionMs);

    expect(await inbox.takeBodies(1)).toEqual(['overdue']);
  });

  it('deferred messages come back in the order of their times', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'last', 'first', 'middle');
    const { inbox } = await bench.consume(queue);
    const [last, first, middle] = await inbox.take(3);
    const startMs = bench.world.now();

    await last?.defer(startMs + 3 * waitMs);
    await first?.defer(startMs + waitMs);
    await middle?.defer(startMs + 2 * waitMs);
    await bench.world.advance(3 * waitMs);

    expect(await inbox.takeBodies(3)).toEqual(['first', 'middle', 'last']);
  });

  it('a deferred message outlives the consumer and the connection that put it away', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'a', 'b');
    const worker = await bench.connect();
    const { inbox, subscription } = await consumeAt(worker, queue);
    const [a, b] = await inbox.take(2);
    const dueMs = bench.world.now() + waitMs;
    await a?.defer(dueMs);
    await subscription.cancel();
    await b?.defer(dueMs);
    await worker.close();

    const { inbox: later } = await bench.consume(queue);
    await bench.world.advance(waitMs);

    expect((await later.takeBodies(2)).toSorted()).toEqual(['a', 'b']);
    expect(inbox.received).toBe(2);
  });

  it('a deferred message can be deferred again', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'patience');
    const { inbox } = await bench.consume(queue);

    await (await inbox.next()).defer(bench.world.now() + waitMs);
    await bench.world.advance(waitMs);
    await (await inbox.next()).defer(bench.world.now() + waitMs);
    await bench.world.advance(waitMs);

    expect(await inbox.takeBodies(1)).toEqual(['patience']);
    await bench.quiet();
    expect(inbox.received).toBe(3);
  });

  it('what is recalled comes at once and in order, and what is deferred besides stays away', async (context) => {
    await using bench = await openBench(suite);
    const { broker } = bench;
    if (broker.recall === undefined) return context.skip('this broker recalls nothing');
    const queue = bench.queue();
    for (const body of ['a', 'b', 'c']) await bench.send(queue, body);
    const { inbox } = await bench.consume(queue);
    const deliveries = await inbox.take(3);
    const marks = deliveries.map(({ mark = '' }) => mark);
    for (const delivery of deliveries) await delivery.defer(bench.world.now() + 3_600_000);

    await broker.recall([marks[2] ?? '', 'unknown', marks[0] ?? '']);
    await bench.world.advance(0);

    expect(await inbox.takeBodies(2)).toEqual(['c', 'a']);
    await broker.recall(marks.toSpliced(1, 1));
    await bench.quiet();
    expect(inbox.received).toBe(5);
  });

  it('puts away what is chosen of the messages that wait, and leaves the others in their order', async (context) => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox, subscription } = await bench.consume(queue, { prefetch: 1 });
    if (subscription.sift === undefined)
      return context.skip('this broker hands messages out one by one only');
    await bench.send(queue, 'first');
    const first = await inbox.next();
    await bench.send(queue, 'x1', 'a', 'x2', 'b', 'x3', 'c');
    const farMs = bench.world.now() + 3_600_000;

    const { looked, put } = await subscription.sift(queue.name, async (messages) =>
      messages.map(({ body }) => (body.toString().startsWith('x') ? farMs : undefined)),
    );

    expect(looked).toBe(6);
    expect(put.map(({ message }) => message.body.toString())).toEqual(['x1', 'x2', 'x3']);
    expect(await bench.broker.size(queue.name)).toBe(3);
    await bench.broker.recall?.(put.slice(1).map(({ mark }) => mark));
    await bench.broker.recall?.(put.map(({ mark }) => mark));
    await subscription.setPrefetch(0);
    await first.ack();
    const bodies = await inbox.takeBodies(6);
    expect(bodies.filter((body) => !body.startsWith('x'))).toEqual(['a', 'b', 'c']);
    expect(bodies.toSorted()).toEqual(['a', 'b', 'c', 'x1', 'x2', 'x3']);
  });

  it('what nobody needs yet stays inside the broker where it holds such back', async (context) => {
    if (!suite.supports.holdsBack) return context.skip('this broker hands everything out at once');
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox } = await bench.consume(queue);
    const later = aMessage({ body: 'later', properties: { expiration: '60000' } });
    const atMs = bench.world.now() + 2_500;
    await bench.broker.publish(to(queue), later, { notBeforeMs: atMs });
    await bench.broker.publish(to(queue), aMessage({ body: 'past' }), { notBeforeMs: atMs - 60_000 });
    await bench.broker.publish(to(queue), aMessage({ body: 'soon' }), {
      notBeforeMs: bench.world.now() + 500,
    });
    expect(await inbox.takeBodies(2)).toEqual(['past', 'soon']);
    expect(inbox.untaken).toBe(0);

    const delivery = await inbox.next();
    expect(bodyOf(delivery)).toBe('later');
    expect(bench.world.now()).toBeGreaterThanOrEqual(atMs - suite.supports.deferResolutionMs);
    // Nothing shows that it waited.
    expect(delivery).toMatchObject({ exchange: '', routingKey: queue.name, redelivered: false });
    expect(delivery.message.headers).toEqual(later.headers);
    expect(delivery.message.properties.expiration).toBe('60000');
    await delivery.ack();
  });

  it('what comes behind a flood and may run is brought in front of it, in its order', async (context) => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox, subscription } = await bench.consume(queue, { prefetch: 1 });
    if (subscription.sift === undefined)
      return context.skip('this broker hands messages out one by one only');
    await bench.send(queue, 'first');
    const first = await inbox.next();
    const flood = Array.from({ length: 1_200 }, (_, index) => `x${index}`);
    const farMs = bench.world.now() + 3_600_000;
    const soonMs = bench.world.now() + 10_000;
    const putFarAway = async (): Promise<Sifted | undefined> =>
      subscription.sift?.(queue.name, async (messages) =>
        messages.map(({ body }) => {
          const text = body.toString();
          return text.startsWith('x') ? farMs : text === 'soon' ? soonMs : undefined;
        }),
      );
    await bench.send(queue, ...flood, 'a', 'x1200', 'b', 'x1201');

    await putFarAway();
    await bench.send(queue, 'c', 'x1202', 'soon');
    const sifted = await putFarAway();

    expect(sifted?.put.map(({ message }) => message.body.toString())).toContain('x510');
    await first.ack();
    expect(await inbox.takeBodies(4)).toEqual(['a', 'b', 'c', 'soon']);
  });

  it('a message that was recalled is not put away again before it was taken', async (context) => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox, subscription } = await bench.consume(queue, { prefetch: 2 });
    if (subscription.sift === undefined)
      return context.skip('this broker hands messages out one by one only');
    await bench.send(queue, 'recalled', 'first');
    const [recalled, first] = await inbox.take(2);
    const mark = recalled?.mark ?? '';
    await recalled?.defer(bench.world.now() + 3_600_000);
    await subscription.setPrefetch(1);
    await bench.broker.recall?.([mark]);
    await eventually(async () => (await bench.broker.size(queue.name)) === 1);

    const sifted = await subscription.sift(queue.name, async (messages) =>
      messages.map(() => bench.world.now() + 3_600_000),
    );
    expect(sifted).toEqual({ looked: 1, put: [] });
    await first?.ack();
    expect(await inbox.takeBodies(1)).toEqual(['recalled']);
  });

  itUnless(suite, 'expiration', 'a message is dropped when its own time to live is over', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.publish(to(queue), aMessage({ body: 'stale', properties: { expiration: '200' } }));
    await bench.send(queue, 'fresh');

    await bench.world.advance(600);

    expect(await bench.broker.size(queue.name)).toBe(1);
    const { inbox } = await bench.consume(queue);
    expect(await inbox.takeBodies(1)).toEqual(['fresh']);
  });

  itUnless(suite, 'messageTtl', "a message is dropped when its queue's time to live is over", async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue('queue', { 'x-message-ttl': 400 });
    await bench.send(queue, 'stale');
    await bench.world.advance(800);

    await bench.send(queue, 'fresh');

    const { inbox } = await bench.consume(queue);
    expect(await inbox.takeBodies(1)).toEqual(['fresh']);
  });
}
