import { connect } from 'amqplib';
import { describe, expect, inject, it } from 'vitest';
import {
  PublishError,
  TopologyConflictError,
  UnroutableError,
  BrokerUnavailableError,
} from '../../lib/errors.js';
import type { Broker, Delivery, Subscription } from '../../lib/broker/broker.js';
import { plainQueue, type QueueDeclaration } from '../../lib/broker/topology.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { startRabbit, type RabbitServer } from '../support/rabbitmq.js';
import { freePort } from '../support/servers/free-port.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { anAmqpWorld } from './amqp.world.js';
import { recordingLog } from './recording-log.js';

const to = (queue: QueueDeclaration) => ({ exchange: '', routingKey: queue.name, queue });
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Consumes with a fresh inbox. */
async function consume(broker: Broker, queues: readonly QueueDeclaration[], prefetch = 0) {
  const inbox = new Inbox();
  const lost: string[] = [];
  const subscription: Subscription = await broker.consume(queues, {
    prefetch,
    onDelivery: inbox.receive,
    onQueueLost: (queue) => lost.push(queue),
  });
  return { inbox, subscription, lost };
}

describe('RabbitMQ broker: lost connections', () => {
  it('come back, with consumers and topology; each confirmed message arrives, and the log has two lines', async () => {
    await using rabbit = await startRabbit();
    await using world = await anAmqpWorld(rabbit.url);
    const log = recordingLog();
    const broker = world.open({ log, publishTimeoutMs: 20_000 });
    const [one, two] = [plainQueue('one'), plainQueue('two', { 'x-queue-type': 'quorum' })];
    const seen = new Set<string>();
    await broker.consume([one, two], {
      prefetch: 10,
      onDelivery: (delivery) => {
        seen.add(bodyOf(delivery));
        void delivery.ack();
      },
    });
    const confirmed: string[] = [];
    const uncertain: string[] = [];
    const publishing = { on: true };
    const publisher = (async () => {
      for (let index = 0; publishing.on; index += 1) {
        const body = String(index);
        const error = await failureOf(broker.publish(to(index % 2 === 0 ? one : two), aMessage({ body })));
        if (error === undefined) confirmed.push(body);
        else if (error instanceof PublishError && error.mayHaveBeenDelivered) uncertain.push(body);
        else throw error;
      }
    })();
    // A quorum queue killed in its first moments is lost to RabbitMQ.
    await eventually(() => confirmed.length > 1_500, { withinMs: 20_000 });

    await rabbit.kill();
    await eventually(() => !broker.connected);
    await rabbit.start();
    const backMs = performance.now();
    const before = confirmed.length;
    await eventually(() => confirmed.length > before + 100, { withinMs: 15_000 });

    expect(performance.now() - backMs).toBeLessThan(10_000);
    publishing.on = false;
    await publisher;
    await eventually(() => confirmed.every((body) => seen.has(body)), {
      what: 'every confirmed message seen',
    });
    expect(uncertain.length).toBeLessThanOrEqual(1);
    expect(broker.connected).toBe(true);
    expect(log.lines.filter((line) => line.includes('again after'))).toHaveLength(1);
    expect(log.lines.filter((line) => line.includes('is lost'))).toHaveLength(1);
    expect(log.lines.length).toBeLessThan(6);
  }, 90_000);

  it('restore exactly the consumers there were, however often', async () => {
    await using rabbit = await startRabbit();
    await using world = await anAmqpWorld(rabbit.url);
    const broker = world.open();
    const queues = ['a', 'b', 'c'].map((name) => plainQueue(name));
    const { inbox, subscription } = await consume(broker, queues, 5);
    await subscription.removeQueue('c');

    for (let round = 0; round < 5; round += 1) {
      await rabbit.ctl('close_all_connections', 'test');
      await eventually(async () => {
        await broker.publish(to(queues[0]!), aMessage({ body: String(round) }), { deadlineMs: 5_000 });
        return true;
      });
      for (;;) {
        const delivery = await inbox.next();
        await delivery.ack();
        if (bodyOf(delivery) === String(round)) break;
      }
    }

    await eventually(async () => {
      const lines = (await rabbit.ctl('list_consumers', 'queue_name', 'prefetch_count')).trim().split('\n');
      const rows = lines.filter((line) => !line.startsWith('queue_name')).map((line) => line.split(/\s+/));
      return (
        JSON.stringify(rows.toSorted(([a = ''], [b = '']) => a.localeCompare(b))) ===
        JSON.stringify([
          ['a', '5'],
          ['b', '5'],
        ])
      );
    });
    const channels = await rabbit.ctl('list_channels', 'pid');
    // Ours: one that confirms, two that declare, two that consume.
    expect(
      channels
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('<')),
    ).toHaveLength(5);
  }, 60_000);

  it('lose what was handed out: settling does nothing, the signal says so, and it comes again', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    const queue = plainQueue(world.name('q'));
    const direct = world.open();
    await direct.publish(to(queue), aMessage({ body: 'x' }));
    const { inbox } = await consume(world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] }), [queue]);
    const first = await inbox.next();
    const signal = first.lost;

    proxy.cut();

    const again = await inbox.next();
    expect(again.redelivered).toBe(true);
    expect(signal.aborted).toBe(true);
    expect(await first.ack()).toBe('lost');
    expect(await again.requeue()).toBe('settled');
    expect(await (await inbox.next()).ack()).toBe('settled');
    expect(await direct.size(queue.name)).toBe(0);
  });

  it('are noticed when nothing arrives any more, by the heartbeat', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    const log = recordingLog();
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`], heartbeatSeconds: 1, log });
    const queue = plainQueue(world.name('q'));
    const { inbox } = await consume(broker, [queue]);
    await broker.publish(to(queue), aMessage({ body: 'before' }));
    await (await inbox.next()).ack();
    proxy.freeze();
    const inFlight = failureOf(broker.publish(to(queue), aMessage({ body: 'into the void' })));

    const error = await inFlight;
    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ mayHaveBeenDelivered: true });
    proxy.heal();

    await broker.publish(to(queue), aMessage({ body: 'after' }));
    // The acknowledgement may not have got through: then the first one comes once more.
    const bodies = [bodyOf(await inbox.next())];
    if (bodies[0] === 'before') bodies[0] = bodyOf(await inbox.next());
    expect(bodies).toEqual(['after']);
    expect(log.lines.join('\n')).toMatch(/is lost/);
  });

  it('let a publish under way settle by its deadline, and close in spite of the silence', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] });
    const queue = plainQueue(world.name('q'));
    await consume(broker, [queue]);
    await broker.publish(to(queue), aMessage());
    proxy.freeze();
    const startMs = performance.now();

    const error = await failureOf(broker.publish(to(queue), aMessage(), { deadlineMs: 300 }));
    expect(error).toMatchObject({ mayHaveBeenDelivered: true });
    expect(performance.now() - startMs).toBeLessThan(1_000);

    await broker.close();
    expect(performance.now() - startMs).toBeLessThan(12_000);
  });

  it('hold up no stop: a consumer is not waited for whose end nobody hears of', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] });
    const { subscription } = await consume(broker, [plainQueue(world.name('q'))]);
    proxy.freeze();
    const startMs = performance.now();
    await subscription.cancel();
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  it('hold up the end once, and not for each question: neither for consumers nor for publishes', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] });
    const subscriptions = await Promise.all(
      [1, 2, 3].map(async () => (await consume(broker, [plainQueue(world.name('q'))])).subscription),
    );
    const target = { exchange: 'amq.topic', routingKey: 'nobody', mayGoUnheard: true };
    await broker.publish(target, aMessage());
    proxy.freeze();
    const unheard = failureOf(broker.publish(target, aMessage(), { deadlineMs: 60_000 }));
    const owed = failureOf(
      broker.publish({ ...target, mayGoUnheard: false }, aMessage(), { deadlineMs: 60_000 }),
    );
    const startMs = performance.now();
    for (const subscription of subscriptions) await subscription.cancel();
    await broker.close();
    // 1 s for the first of them, half a second each for the publishes, the channels and the connections.
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(await unheard).toBeInstanceOf(PublishError);
    expect(await owed).toMatchObject({ mayHaveBeenDelivered: true });
  });
});

describe('RabbitMQ broker: connecting', () => {
  it('fails fast when asked to, naming the URL without its password', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const port = await freePort();
    const broker = world.open({ urls: [`amqp://user:secret@127.0.0.1:${port}`] });

    const error = await failureOf(broker.connect({ failFast: true }));

    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(String(error)).not.toContain('secret');
    expect(String((error as Error).cause)).toContain('ECONNREFUSED');
  });

  it('tries the servers of a list in turn', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const port = await freePort();
    const broker = world.open({ urls: [`amqp://127.0.0.1:${port}`, inject('rabbitUrl')] });

    await broker.connect({ failFast: true });

    expect(broker.connected).toBe(true);
  });

  it('says when it is not let in', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const url = new URL(inject('rabbitUrl'));
    url.password = 'wrong';

    const error = await failureOf(world.open({ urls: [url.href] }).connect({ failFast: true }));

    expect(String((error as Error).cause)).toContain('ACCESS_REFUSED');
  });

  it('gives up an attempt when the server does not answer', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    await using proxy = await startTcpProxy(Number(new URL(inject('rabbitUrl')).port));
    proxy.freeze();
    const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`], connectTimeoutMs: 200 });

    const error = await failureOf(broker.connect({ failFast: true }));
    expect(String((error as Error).cause)).toContain('200 ms');

    proxy.heal();
    await broker.connect();
    expect(broker.connected).toBe(true);
  });

  it('keeps a publish until its deadline and then says that it was not delivered', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open({ urls: [`amqp://127.0.0.1:${await freePort()}`] });

    const error = await failureOf(
      broker.publish({ exchange: '', routingKey: 'q' }, aMessage(), { deadlineMs: 200 }),
    );

    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ mayHaveBeenDelivered: false });
    expect(String(error)).toContain('ECONNREFUSED');
  });

  it('refuses at once what would wait beyond the limit', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open({
      urls: [`amqp://127.0.0.1:${await freePort()}`],
      transportOptions: { maxWaitingPublishes: 2 },
    });
    const publish = () =>
      failureOf(broker.publish({ exchange: '', routingKey: 'q' }, aMessage(), { deadlineMs: 300 }));

    const [first, second, third] = [publish(), publish(), publish()];

    expect(String(await third)).toContain('2 publishes are waiting');
    expect(await Promise.all([first, second])).toMatchObject([
      { mayHaveBeenDelivered: false },
      { mayHaveBeenDelivered: false },
    ]);
  });
});

describe('RabbitMQ broker: a memory alarm', () => {
  async function alarmed(rabbit: RabbitServer, broker: Broker, queue: QueueDeclaration): Promise<void> {
    await rabbit.ctl('set_vm_memory_high_watermark', 'absolute', '1');
    // RabbitMQ blocks a connection when it next publishes.
    await failureOf(broker.publish(to(queue), aMessage({ body: 'last' }), { deadlineMs: 2_000 }));
  }

  it('makes publishes wait until their deadline, does not stop consumers, and passes', async () => {
    await using rabbit = await startRabbit();
    await using world = await anAmqpWorld(rabbit.url);
    const log = recordingLog();
    const broker = world.open({ log });
    const queue = plainQueue('q');
    await broker.publish(to(queue), aMessage({ body: 'first' }));
    await alarmed(rabbit, broker, queue);

    const error = await failureOf(broker.publish(to(queue), aMessage(), { deadlineMs: 300 }));
    expect(error).toMatchObject({ mayHaveBeenDelivered: false });
    expect(String(error)).toContain('takes no messages now');
    const { inbox } = await consume(broker, [queue], 1);
    expect(await inbox.takeBodies(1)).toEqual(['first']);

    const waiting = broker.publish(to(queue), aMessage({ body: 'patient' }), { deadlineMs: 20_000 });
    await rabbit.ctl('set_vm_memory_high_watermark', 'absolute', '2GB');
    await waiting;
    // The first one after the alarm had left already: `mayHaveBeenDelivered`.
    expect(await inbox.takeBodies(2)).toEqual(['last', 'patient']);
    expect(log.lines.filter((line) => line.includes('takes no messages'))).toHaveLength(1);
    expect(log.lines.filter((line) => line.includes('takes messages again'))).toHaveLength(1);
  });

  it('does not hold up close', async () => {
    await using rabbit = await startRabbit();
    await using world = await anAmqpWorld(rabbit.url);
    const broker = world.open();
    const queue = plainQueue('q');
    await consume(broker, [plainQueue('other')]);
    await broker.publish(to(queue), aMessage());
    await alarmed(rabbit, broker, queue);
    const startMs = performance.now();

    await broker.close();

    expect(performance.now() - startMs).toBeLessThan(3_000);
  });
});

describe('RabbitMQ broker: one bad queue or publish', () => {
  it('a deleted queue is declared and consumed again; the others do not notice', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const [kept, deleted] = [plainQueue(world.name('kept')), plainQueue(world.name('deleted'))];
    await broker.publish(to(kept), aMessage({ body: 'held' }));
    const { inbox, lost } = await consume(broker, [kept, deleted]);
    const held = await inbox.next();

    await (await world.channel()).deleteQueue(deleted.name);
    await eventually(() => lost.length > 0);

    await broker.publish(to(deleted), aMessage({ body: 'back' }));
    expect(bodyOf(await inbox.next())).toBe('back');
    expect(await held.ack()).toBe('settled');
    expect(lost).toEqual([deleted.name]);
  });

  it('can be deleted again and again, and what was taken from it before is still ours to settle', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const { inbox, lost } = await consume(broker, [queue]);
    const held: Delivery[] = [];
    for (let round = 1; round <= 3; round += 1) {
      await broker.publish(to(queue), aMessage({ body: String(round) }));
      held.push(await inbox.next());
      await (await world.channel()).deleteQueue(queue.name);
      await eventually(() => lost.length === round);
    }

    await broker.publish(to(queue), aMessage({ body: 'last' }));
    expect(await inbox.takeBodies(1)).toEqual(['last']);
    for (const delivery of held) expect(await delivery.ack()).toBe('settled');
    expect(inbox.received).toBe(4);
  });

  it('a queue that exists otherwise is reported and tried for again; the others are consumed', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const [good, bad] = [plainQueue(world.name('good')), plainQueue(world.name('bad'))];
    const channel = await world.channel();
    await channel.assertQueue(bad.name, { maxPriority: 3 });
    const reasons: Error[] = [];
    const inbox = new Inbox();

    await broker.consume([good, bad], {
      prefetch: 1,
      onDelivery: inbox.receive,
      onQueueLost: (_, reason) => reasons.push(reason),
    });

    await broker.publish(to(good), aMessage({ body: 'fine' }));
    expect(await inbox.takeBodies(1)).toEqual(['fine']);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toBeInstanceOf(TopologyConflictError);
    expect(String(reasons[0])).toMatch(/x-max-priority.*none|x-max-priority.*3/);
    await channel.deleteQueue(bad.name);
    await eventually(() => broker.publish(to(bad), aMessage({ body: 'at last' })).then(() => true));
    expect(await inbox.takeBodies(1)).toEqual(['at last']);
    expect(reasons).toHaveLength(1);
  });

  it('a subscription of which no queue can be had is refused', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const bad = plainQueue(world.name('bad'));
    await (await world.channel()).assertQueue(bad.name, { durable: false });

    await expect(consume(broker, [bad])).rejects.toThrow(TopologyConflictError);
    await expect(broker.publish(to(bad), aMessage())).rejects.toThrow(TopologyConflictError);
  });

  it('a queue deleted behind our back is declared again by the next publish', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    await broker.publish(to(queue), aMessage());
    await (await world.channel()).deleteQueue(queue.name);

    await Promise.all([broker.publish(to(queue), aMessage()), broker.publish(to(queue), aMessage())]);

    expect(await broker.size(queue.name)).toBe(2);
  });

  it('matches each returned message to its own publish among many', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    await broker.declareQueue(queue);
    const publish = (index: number) =>
      broker.publish(
        { exchange: '', routingKey: index % 3 === 0 ? world.name('nobody') : queue.name },
        aMessage({ body: String(index) }),
      );

    const outcomes = await Promise.all(Array.from({ length: 300 }, (_, index) => failureOf(publish(index))));

    const unroutable = outcomes.map((error) => error instanceof UnroutableError);
    expect(unroutable).toEqual(outcomes.map((_, index) => index % 3 === 0));
    expect(await broker.size(queue.name)).toBe(200);
  });

  it('an exchange deleted behind our back fails its own publish only', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const exchange = { ...queue.exchange!, name: world.name('x') };
    const bound = { ...queue, exchange };
    const through = { exchange: exchange.name, routingKey: queue.name };
    await broker.publish({ ...through, queue: bound }, aMessage());
    await (await world.channel()).deleteExchange(exchange.name);

    const doomed = failureOf(broker.publish(through, aMessage()));
    const later = Array.from({ length: 20 }, () => broker.publish(to(bound), aMessage()));

    expect(await doomed).toMatchObject({ mayHaveBeenDelivered: false });
    await Promise.all(later);
    expect(await broker.size(queue.name)).toBe(21);
    await expect(broker.publish(through, aMessage())).rejects.toThrow(/does not exist/);
  });

  it('a message that is too large, or whose headers are, fails alone and says so', async () => {
    await using rabbit = await startRabbit({ conf: ['max_message_size = 100000'] });
    await using world = await anAmqpWorld(rabbit.url);
    const broker = world.open();
    const queue = plainQueue('q');
    await broker.declareQueue(queue);

    const large = failureOf(broker.publish(to(queue), aMessage({ body: Buffer.alloc(100_001) })));
    const later = broker.publish(to(queue), aMessage());
    const headers = failureOf(broker.publish(to(queue), aMessage({ headers: { note: 'x'.repeat(70_000) } })));

    expect(await large).toMatchObject({ mayHaveBeenDelivered: false });
    expect(String(await large)).toContain('larger than configured max size');
    await later;
    expect(String(await headers)).toContain('cannot be serialized');
    expect(await broker.size('q')).toBe(1);
  });

  it('a full queue that refuses more says so', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'), { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
    await broker.publish(to(queue), aMessage());

    const error = await failureOf(broker.publish(to(queue), aMessage()));

    expect(error).toMatchObject({ code: 'PUBLISH_FAILED', mayHaveBeenDelivered: false });
    expect(String(error)).toContain('full');
  });

  it('a handler that throws loses nothing but its own message', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const log = recordingLog();
    const broker = world.open({ log });
    const queue = plainQueue(world.name('q'));
    const inbox = new Inbox();
    await broker.consume([queue], {
      prefetch: 0,
      onDelivery: (delivery) => {
        if (bodyOf(delivery) === 'bad') throw new Error('oh no');
        inbox.receive(delivery);
      },
    });

    await broker.publish(to(queue), aMessage({ body: 'bad' }));
    await broker.publish(to(queue), aMessage({ body: 'good' }));

    expect(await inbox.takeBodies(1)).toEqual(['good']);
    expect(log.lines).toEqual([expect.stringContaining('oh no')]);
  });
});

describe('RabbitMQ broker: settling', () => {
  it('sums up acknowledgements of one turn, and of no message that is still held', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const queue = plainQueue(world.name('q'));
    const sender = world.open();
    for (let index = 0; index < 20; index += 1)
      await sender.publish(to(queue), aMessage({ body: String(index) }));
    const broker = world.open();
    const { inbox } = await consume(broker, [queue]);
    const deliveries = await inbox.take(20);
    const kept = new Set([3, 7, 19]);

    for (const [index, delivery] of deliveries.toReversed().entries()) {
      if (!kept.has(19 - index)) void delivery.ack();
      if (index === 10) await new Promise((resolve) => setImmediate(resolve));
    }
    await deliveries[7]?.requeue();
    expect(bodyOf(await inbox.next())).toBe('7');
    await broker.close();

    const { inbox: later } = await consume(sender, [queue]);
    expect((await later.takeBodies(3)).toSorted()).toEqual(['19', '3', '7']);
    expect(await sender.size(queue.name)).toBe(0);
  });
});

it('a RabbitMQ broker leaves no connection behind', async () => {
  const url = inject('rabbitUrl');
  await using world = await anAmqpWorld(url);
  await using proxy = await startTcpProxy(Number(new URL(url).port));
  const broker = world.open({ urls: [`amqp://127.0.0.1:${proxy.port}`] });
  await consume(broker, [plainQueue(world.name('q'))]);
  await broker.publish(to(plainQueue(world.name('q'))), aMessage());
  expect(proxy.accepted).toBe(2);

  await broker.close();

  const connection = await connect(url);
  await connection.close();
  expect(broker.connected).toBe(false);
  expect(proxy.accepted).toBe(2);
});
