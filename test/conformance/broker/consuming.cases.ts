import { expect, it } from 'vitest';
import { CeleryError } from '../../../lib/errors.js';
import type { Delivery } from '../../../lib/broker/broker.js';
import type { MessageProperties } from '../../../lib/message/wire-message.js';
import { aMessage, someMessages } from '../../support/a-message.js';
import { eventually } from '../../support/eventually.js';
import { bodyOf, Inbox } from '../../support/inbox.js';
import type { BrokerSuite } from '../broker.conformance.js';
import { consumeAt, openBench, to } from './bench.js';

export function consumingCases(suite: BrokerSuite): void {
  it('hands out no more than the prefetch, and one more for each that is settled', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4', '5');

    const { inbox } = await bench.consume(queue, { prefetch: 2 });
    const [first, second] = await inbox.take(2);
    await bench.quiet();
    expect(inbox.received).toBe(2);

    await first?.ack();
    expect(bodyOf(await inbox.next())).toBe('2');
    await second?.reject();
    expect(bodyOf(await inbox.next())).toBe('3');
    await bench.quiet();
    expect(inbox.received).toBe(4);
  });

  it('counts the prefetch as it says: per queue or over all', async () => {
    await using bench = await openBench(suite);
    const [a, b] = [bench.queue('a'), bench.queue('b')];
    await bench.send(a, '0', '1', '2');
    await bench.send(b, '0', '1', '2');

    const { inbox } = await bench.consume([a, b], { prefetch: 2 });
    const handedOut = suite.supports.prefetchPerQueue ? 4 : 2;
    await inbox.take(handedOut);
    await bench.quiet();

    expect(inbox.received).toBe(handedOut);
  });

  it('hands out everything with a prefetch of 0', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await Promise.all(someMessages(100).map((message) => bench.broker.publish(to(queue), message)));

    const { inbox } = await bench.consume(queue, { prefetch: 0 });

    const bodies = (await inbox.take(100)).map(bodyOf);
    expect(bodies).toEqual(someMessages(100).map((message) => message.body.toString()));
  });

  it('raises the prefetch of a running subscription', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4');
    const { inbox, subscription } = await bench.consume(queue, { prefetch: 1 });
    await inbox.next();

    await subscription.setPrefetch(3);

    expect((await inbox.take(2)).map(bodyOf)).toEqual(['1', '2']);
    await bench.quiet();
    expect(inbox.received).toBe(3);
  });

  it('lowers the prefetch of a running subscription', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4');
    const { inbox, subscription } = await bench.consume(queue, { prefetch: 3 });
    const held = await inbox.take(3);

    await subscription.setPrefetch(1);
    for (const delivery of held) await delivery.ack();

    expect(bodyOf(await inbox.next())).toBe('3');
    await bench.quiet();
    expect(inbox.received).toBe(4);
  });

  it('asks for room before it takes, where it does', async (context) => {
    if (!suite.supports.heedsRoom) return context.skip('this broker sends messages unasked');
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4');
    let room = 2;
    const inbox = new Inbox();
    const onDelivery = (delivery: Delivery): void => {
      room -= 1;
      inbox.receive(delivery);
    };
    const { subscription } = await bench.consume(queue, { prefetch: 5, room: () => room, onDelivery });
    for (const delivery of await inbox.take(2)) await delivery.ack();
    await bench.quiet();
    expect(inbox.received).toBe(2);

    room = 1;
    await subscription.setPrefetch(5);
    expect(bodyOf(await inbox.next())).toBe('2');
    await bench.quiet();
    expect(inbox.received).toBe(3);
    expect(await bench.broker.size(queue.name)).toBe(2);
  });

  it('takes an acknowledgement from inside onDelivery', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const messages = someMessages(500);
    const seen: string[] = [];
    await bench.consume(queue, {
      prefetch: 5,
      onDelivery: (delivery: Delivery) => {
        seen.push(bodyOf(delivery));
        void delivery.ack();
      },
    });

    await Promise.all(messages.map((message) => bench.broker.publish(to(queue), message)));

    await eventually(() => seen.length === messages.length, { what: 'every message seen' });
    expect(seen).toEqual(messages.map((message) => message.body.toString()));
  });

  it('settles by handing out when told that nobody acknowledges', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2');
    const listener = await bench.connect();

    const { inbox } = await consumeAt(listener, queue, { prefetch: 1, noAck: true });
    const deliveries = await inbox.take(3);

    for (const delivery of deliveries) await delivery.requeue();
    await listener.close();
    await bench.quiet();
    expect(await bench.broker.size(queue.name)).toBe(0);
  });

  it('serves its queues in turn, so that a long one does not hold up a short one', async () => {
    await using bench = await openBench(suite);
    const [long, short] = [bench.queue('long'), bench.queue('short')];
    await Promise.all(someMessages(60).map((message) => bench.broker.publish(to(long), message)));
    await bench.send(short, 'short');

    const { inbox } = await bench.consume([long, short], { prefetch: 1 });

    expect(await inbox.takeBodies(10)).toContain('short');
  });

  it('adds a queue to a running subscription and takes it out again', async () => {
    await using bench = await openBench(suite);
    const [first, second] = [bench.queue('first'), bench.queue('second')];
    const { inbox, subscription } = await bench.consume(first);

    await subscription.addQueue(second);
    await bench.send(second, 'added');
    expect(await inbox.takeBodies(1)).toEqual(['added']);

    await subscription.removeQueue(second.name);
    await bench.send(second, 'removed');
    await bench.send(first, 'goes on');
    expect(await inbox.takeBodies(1)).toEqual(['goes on']);
    await bench.quiet();
    expect(inbox.untaken).toBe(0);
    expect(await bench.broker.size(second.name)).toBe(1);
  });

  it('takes out a queue it does not have without ado', async () => {
    await using bench = await openBench(suite);
    const { subscription } = await bench.consume(bench.queue());

    await subscription.removeQueue('never heard of');
  });

  it('lets what was handed out of a removed queue be settled', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0');
    const { inbox, subscription } = await bench.consume([queue, bench.queue('other')]);
    const delivery = await inbox.next();

    await subscription.removeQueue(queue.name);

    expect(await delivery.requeue()).toBe('settled');
    await eventually(async () => (await bench.broker.size(queue.name)) === 1);
  });

  it('shares a queue among competing consumers, each message to one of them', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const shared = new Inbox();
    for (let consumer = 0; consumer < 2; consumer += 1) {
      await consumeAt(await bench.connect(), queue, { prefetch: 1, onDelivery: shared.receive });
    }
    await bench.send(queue, '0', '1', '2', '3', '4', '5');

    // Two unsettled at a time, one at each.
    const first = await shared.take(2);
    for (const delivery of first) await delivery.ack();
    const bodies = [...first.map(bodyOf), ...(await shared.takeBodies(4))];

    expect(bodies.toSorted()).toEqual(['0', '1', '2', '3', '4', '5']);
    await bench.quiet();
    expect(shared.received).toBe(6);
  });

  it('stands once consume has resolved: several subscriptions of one broker do not mix', async () => {
    await using bench = await openBench(suite);
    const [a, b] = [bench.queue('a'), bench.queue('b')];
    const atA = await bench.consume(a);
    const atB = await bench.consume(b);

    await bench.send(a, 'for a');
    await bench.send(b, 'for b');

    expect(await atA.inbox.takeBodies(1)).toEqual(['for a']);
    expect(await atB.inbox.takeBodies(1)).toEqual(['for b']);
  });

  it('starts no delivery after cancel has resolved', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox, subscription } = await bench.consume(queue);
    await bench.send(queue, 'before');
    await (await inbox.next()).ack();

    await subscription.cancel();
    await bench.send(queue, 'after');
    await bench.quiet();

    expect(inbox.received).toBe(1);
    expect(await bench.broker.size(queue.name)).toBe(1);
  });

  it('keeps what was handed out across cancel: it can be settled, and is handed to nobody else', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1');
    const { inbox, subscription } = await bench.consume(queue, { prefetch: 2 });
    const [acked, requeued] = await inbox.take(2);

    await subscription.cancel();
    await subscription.cancel();
    const next = await bench.consume(queue);
    await bench.quiet();
    expect(next.inbox.received).toBe(0);

    expect(await acked?.ack()).toBe('settled');
    expect(await requeued?.requeue()).toBe('settled');
    expect(await next.inbox.takeBodies(1)).toEqual(['1']);
    await bench.quiet();
    expect(next.inbox.received).toBe(1);
  });

  it('gives back in front, on cancel, what it had taken and not handed out', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2', '3', '4', '5');
    const inbox = new Inbox();
    const subscription = await bench.broker.consume([queue], { prefetch: 4, onDelivery: inbox.receive });
    const first = await inbox.next();

    await subscription.cancel();
    for (const delivery of await inbox.take(inbox.untaken)) await delivery.ack();
    await first.ack();
    const seen = inbox.received;

    const { inbox: later } = await bench.consume(queue);
    expect(await later.takeBodies(6 - seen)).toEqual(['0', '1', '2', '3', '4', '5'].slice(seen));
  });

  it('does nothing on a subscription that was cancelled, or says so', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox, subscription } = await bench.consume(queue);
    await subscription.cancel();

    await subscription.removeQueue(queue.name);
    await subscription.setPrefetch(5);
    const error: unknown = await subscription.addQueue(queue).catch((thrown: unknown) => thrown);

    expect(error === undefined || error instanceof CeleryError).toBe(true);
    await bench.send(queue, 'not here');
    await bench.quiet();
    expect(inbox.received).toBe(0);
  });

  it('counts what waits, not what is handed out', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue('queue', { 'x-max-priority': 9 });
    for (const priority of [0, 3, 9, 0, 6]) {
      await bench.broker.publish(to(queue), aMessage({ properties: { priority } }));
    }
    expect(await bench.broker.size(queue.name)).toBe(5);

    const { inbox } = await bench.consume(queue, { prefetch: 2 });
    await inbox.take(2);

    expect(await bench.broker.size(queue.name)).toBe(3);
  });

  it('purges what waits, of every priority, and leaves what is handed out', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue('queue', { 'x-max-priority': 9 });
    for (const priority of [0, 3, 9, 0, 6]) {
      await bench.broker.publish(to(queue), aMessage({ properties: { priority } }));
    }
    const { inbox } = await bench.consume(queue, { prefetch: 1 });
    const held = await inbox.next();

    expect(await bench.broker.purge(queue.name)).toBe(4);

    expect(await bench.broker.size(queue.name)).toBe(0);
    expect(await held.requeue()).toBe('settled');
    expect((await inbox.next()).redelivered).toBe(true);
  });

  it('finds nothing in a queue that does not exist', async () => {
    await using bench = await openBench(suite);
    const missing = bench.queue('missing').name;

    expect(await bench.broker.size(missing)).toBe(0);
    expect(await bench.broker.purge(missing)).toBe(0);
    const queue = bench.queue();
    await bench.send(queue, 'still here');
    expect(await bench.broker.size(queue.name)).toBe(1);
  });

  it('measures a queue, as far as it can', async () => {
    await using bench = await openBench(suite);
    if (bench.broker.measure === undefined) return;
    const queue = bench.queue();
    await bench.send(queue, '0', '1', '2');
    const { inbox } = await bench.consume(queue, { prefetch: 1 });
    await inbox.next();

    const { ready, unacked = 1, consumers = 1 } = await bench.broker.measure(queue.name);

    expect({ ready, unacked, consumers }).toEqual({ ready: 2, unacked: 1, consumers: 1 });
    const unknown = await bench.broker.measure(`${queue.name}-unknown`);
    expect(unknown.ready).toBe(0);
    expect(unknown.unacked ?? 0).toBe(0);
    expect(unknown.oldestSentMs).toBeUndefined();
  });

  it('tells when the oldest message was sent, where it can be seen as it lies there', async (context) => {
    if (suite.lacks?.looking !== undefined) return context.skip(suite.lacks.looking);
    await using bench = await openBench(suite);
    const queue = bench.queue('queue', { 'x-max-priority': 9 });
    const send = (properties: Partial<MessageProperties>): Promise<void> =>
      bench.broker.publish(to(queue), aMessage({ properties }));
    const oldest = async () => (await bench.broker.measure?.(queue.name))?.oldestSentMs;
    await send({ priority: 3 });
    expect(await oldest()).toBeUndefined();

    await send({ priority: 6, sentMs: 3_000_000 });
    await send({ priority: 0, sentMs: 2_000_000 });
    await send({ priority: 0, sentMs: 1_000_000 });

    expect(await oldest()).toBe(2_000_000);
    const { inbox } = await bench.consume(queue);
    const deliveries = await inbox.take(4);
    expect(deliveries.map(({ redelivered }) => redelivered)).toEqual([false, false, false, false]);
    for (const delivery of deliveries) await delivery.ack();
  });

  it(`hands out the most urgent first (${suite.supports.priority}), equals in their order`, async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue('queue', { 'x-max-priority': 9 });
    const send = (priority: number, body: string): Promise<void> =>
      bench.broker.publish(to(queue), aMessage({ body, properties: { priority } }));
    for (const priority of [3, 0, 9, 6]) {
      await send(priority, `${priority} first`);
      await send(priority, `${priority} second`);
    }

    const { inbox } = await bench.consume(queue, { prefetch: 1 });

    const lowFirst = [
      '0 first',
      '0 second',
      '3 first',
      '3 second',
      '6 first',
      '6 second',
      '9 first',
      '9 second',
    ];
    const highFirst = [
      '9 first',
      '9 second',
      '6 first',
      '6 second',
      '3 first',
      '3 second',
      '0 first',
      '0 second',
    ];
    const expected = { 'low-first': lowFirst, 'high-first': highFirst }[suite.supports.priority];
    expect(await inbox.takeBodies(8)).toEqual(expected);
  });
}
