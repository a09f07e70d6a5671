import { describe, expect, it } from 'vitest';
import type { MemoryBroker } from '../../lib/broker/memory/memory.broker.js';
import { plainQueue, type QueueDeclaration } from '../../lib/broker/topology.js';
import { InvalidOptionError, PublishError, TopologyConflictError } from '../../lib/errors.js';
import { aMessage, someMessages } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { bodyOf, Inbox } from '../support/inbox.js';
import { aMemoryWorld } from './memory.world.js';

/** What goes beyond the promises of the seam: RabbitMQ's `x-…` arguments, and what belongs to its consumers. */
describe('memory queue', () => {
  it('drops its front for one message too many', async () => {
    const broker = aMemoryWorld().open();
    const queue = plainQueue('short', { 'x-max-length': 2 });
    await send(broker, queue, '0', '1', '2', '3');

    expect(await bodiesIn(broker, queue)).toEqual(['2', '3']);
  });

  it('refuses one message too many when told to', async () => {
    const broker = aMemoryWorld().open();
    const queue = plainQueue('short', { 'x-max-length': 2, 'x-overflow': 'reject-publish' });
    await send(broker, queue, '0', '1');

    const error: unknown = await send(broker, queue, '2').catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ mayHaveBeenDelivered: false });
    expect(await bodiesIn(broker, queue)).toEqual(['0', '1']);
  });

  it('takes a priority above the highest as the highest', async () => {
    const broker = aMemoryWorld().open();
    const queue = plainQueue('urgent', { 'x-max-priority': 3 });
    for (const priority of [2, 9, 3, -1]) {
      await broker.publish(to(queue), aMessage({ body: String(priority), properties: { priority } }));
    }

    expect(await bodiesIn(broker, queue)).toEqual(['9', '3', '2', '-1']);
  });

  it('carries priorities without heeding them when it was declared without', async () => {
    const broker = aMemoryWorld().open();
    const queue = plainQueue('plain');
    for (const priority of [1, 9]) {
      await broker.publish(to(queue), aMessage({ body: String(priority), properties: { priority } }));
    }

    expect(await bodiesIn(broker, queue)).toEqual(['1', '9']);
  });

  it('sends what expired to its dead-letter exchange, though nobody consumes, and with the reason', async () => {
    const { clock, open } = aMemoryWorld();
    const broker = open();
    const dead = plainQueue('dead');
    const queue = plainQueue('waiting', { 'x-message-ttl': 1_000, 'x-dead-letter-exchange': 'dead' });
    await broker.declareQueue({ ...dead, routingKey: 'waiting' });
    await broker.publish(to(queue), aMessage({ body: 'late', properties: { expiration: '5000' } }));

    await clock.advance(999);
    expect(await broker.size('dead')).toBe(0);
    await clock.advance(1);

    const { message } = await nextOf(broker, dead);
    expect(message.body.toString()).toBe('late');
    expect(message.properties.expiration).toBeUndefined();
    expect(message.headers).toMatchObject({
      'x-first-death-reason': 'expired',
      'x-death': [
        { queue: 'waiting', reason: 'expired', count: 1, exchange: '', 'routing-keys': ['waiting'] },
      ],
    });
  });

  it('counts deaths, so that a rejected message can go round through a waiting queue', async () => {
    const { clock, open } = aMemoryWorld();
    const broker = open();
    const work = plainQueue('work', { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'pause' });
    const pause = plainQueue('pause', {
      'x-message-ttl': 1_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'work',
    });
    await broker.declareQueue(pause);
    await send(broker, work, 'stubborn');
    const inbox = new Inbox();
    await broker.consume([work], { prefetch: 1, onDelivery: inbox.receive });

    for (let attempt = 0; attempt < 3; attempt += 1) {
      await (await inbox.next()).reject();
      await clock.advance(1_000);
    }

    expect((await inbox.next()).message.headers['x-death']).toMatchObject([
      { queue: 'pause', reason: 'expired', count: 3 },
      { queue: 'work', reason: 'rejected', count: 3 },
    ]);
  });

  it('drops a message that would go round for ever on its own', async () => {
    const { clock, open } = aMemoryWorld();
    const broker = open();
    const circle = plainQueue('circle', {
      'x-message-ttl': 0,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'circle',
    });
    await send(broker, circle, 'dizzy');

    await clock.advance(10);

    expect(await broker.size('circle')).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('expires behind a message that lives longer when that one has gone', async () => {
    const { clock, open } = aMemoryWorld();
    const broker = open();
    const queue = plainQueue('mixed');
    await send(broker, queue, 'first');
    await broker.publish(to(queue), aMessage({ body: 'short-lived', properties: { expiration: '100' } }));
    await send(broker, queue, 'last');
    await clock.advance(200);

    expect(await bodiesIn(broker, queue, 2)).toEqual(['first', 'last']);
  });

  it('takes an expiration that is no number for none', async () => {
    const { clock, open } = aMemoryWorld();
    const broker = open();
    const queue = plainQueue('odd');
    await broker.publish(to(queue), aMessage({ properties: { expiration: 'soon' } }));
    await clock.advance(1_000_000);

    expect(await broker.size('odd')).toBe(1);
  });

  it('goes when it has not been used for x-expires, and not while it is', async () => {
    const { clock, open } = aMemoryWorld();
    const broker = open();
    const queue = plainQueue('passing', { 'x-expires': 1_000 });
    await send(broker, queue, 'kept');
    await clock.advance(900);
    await broker.declareQueue({ ...queue });
    await clock.advance(900);
    const subscription = await broker.consume([queue], { prefetch: 1, onDelivery: () => undefined });
    await clock.advance(10_000);
    expect(await broker.size('passing')).toBe(0);
    await send(broker, queue, 'second');
    expect(await broker.size('passing')).toBe(1);

    await subscription.cancel();
    await clock.advance(1_000);

    await expect(broker.publish({ exchange: '', routingKey: 'passing' }, aMessage())).rejects.toThrow(
      'No queue receives',
    );
    expect(clock.timers).toBe(0);
  });

  it('goes with its last consumer when it was declared so, and its exchange with it', async () => {
    const broker = aMemoryWorld().open();
    const exchange = {
      name: 'news',
      type: 'fanout',
      durable: false,
      autoDelete: true,
      arguments: {},
    } as const;
    const queue = { ...plainQueue('ears'), exchange, autoDelete: true };
    const one = await broker.consume([queue], { prefetch: 1, onDelivery: () => undefined });
    const two = await broker.consume([queue], { prefetch: 1, onDelivery: () => undefined });

    await one.cancel();
    expect(await publishing(broker, 'ears')).toBe('routed');
    await two.cancel();

    expect(await publishing(broker, 'ears')).toBe('UNROUTABLE');
    await broker.declareQueue({ ...plainQueue('other'), exchange: { ...exchange, type: 'direct' } });
  });

  it('is out of reach for other connections when it is exclusive', async () => {
    const { open } = aMemoryWorld();
    const [owner, stranger] = [open(), open()];
    const queue = { ...plainQueue('mine'), exclusive: true };
    await owner.declareQueue(queue);

    await expect(stranger.declareQueue(queue)).rejects.toThrow(TopologyConflictError);
    await expect(stranger.consume([queue], { prefetch: 1, onDelivery: () => undefined })).rejects.toThrow(
      /exclusive to another connection/,
    );
    await owner.close();
    await stranger.declareQueue(queue);
  });

  it.each([
    ['x-max-priority', 256],
    ['x-message-ttl', '5s'],
    ['x-overflow', 'explode'],
    ['x-dead-letter-exchange', 7],
  ])('refuses %s: %j and names the queue', async (argument, value) => {
    const broker = aMemoryWorld().open();

    const declared = broker.declareQueue(plainQueue('odd', { [argument]: value }));

    await expect(declared).rejects.toThrow(InvalidOptionError);
    await expect(declared).rejects.toThrow(`queue "odd": argument ${argument}`);
  });

  it('hands its messages to its consumers in turn', async () => {
    const { open } = aMemoryWorld();
    const broker = open();
    const queue = plainQueue('shared');
    const seen: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      await broker.consume([queue], { prefetch: 0, onDelivery: () => void seen.push(name) });
    }

    await send(broker, queue, '0', '1', '2', '3', '4', '5');

    await eventually(() => seen.length === 6);
    expect(seen.join('')).toBe('abcabc');
  });

  it('lets the rest of the process have its turn while it hands out a long line', async () => {
    const broker = aMemoryWorld().open();
    const queue = plainQueue('long');
    for (const message of someMessages(5_000)) await broker.publish(to(queue), message);
    let seen = 0;
    await broker.consume([queue], {
      prefetch: 1,
      onDelivery: (delivery) => {
        seen += 1;
        void delivery.ack();
      },
    });

    await new Promise((resolve) => setImmediate(resolve));

    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(5_000);
    await eventually(() => seen === 5_000);
  });
});

describe('memory hub', () => {
  it('is private to the broker without a name', async () => {
    const { open } = aMemoryWorld('memory://');
    const [one, two] = [open(), open()];
    await send(one, plainQueue('q'), 'mine');

    expect(await one.size('q')).toBe(1);
    expect(await two.size('q')).toBe(0);
  });

  it('keeps what waits in it for the next who connects by its name', async () => {
    const { open } = aMemoryWorld();
    const queue = plainQueue('q');
    const web = open();
    await send(web, queue, 'before any worker');
    await web.close();

    const worker = open();
    expect(await bodiesIn(worker, queue)).toEqual(['before any worker']);
    await worker.close();

    await open().declareQueue(plainQueue('q', { 'x-max-priority': 5 }));
  });

  it('keeps what is put away for later, too', async () => {
    const { clock, open } = aMemoryWorld();
    const queue = plainQueue('q');
    const first = open();
    await send(first, queue, 'later');
    await (await nextOf(first, queue)).defer(clock.now() + 60_000);
    await first.close();

    await clock.advance(60_000);

    expect(await bodiesIn(open(), queue)).toEqual(['later']);
  });

  it('leaves no timer of a private hub behind', async () => {
    const { clock, open } = aMemoryWorld('memory://');
    const broker = open();
    const queue = plainQueue('q', { 'x-message-ttl': 60_000, 'x-expires': 120_000 });
    await send(broker, queue, 'a', 'b');
    await (await nextOf(broker, queue)).defer(clock.now() + 60_000);

    await broker.close();

    expect(clock.timers).toBe(0);
  });
});

function to(queue: QueueDeclaration) {
  return { exchange: '', routingKey: queue.name, queue };
}

async function send(
  broker: MemoryBroker,
  queue: QueueDeclaration,
  ...bodies: readonly string[]
): Promise<void> {
  for (const body of bodies) await broker.publish(to(queue), aMessage({ body }));
}

async function publishing(broker: MemoryBroker, queue: string): Promise<string> {
  return broker.publish({ exchange: '', routingKey: queue }, aMessage()).then(
    () => 'routed',
    (error: { readonly code: string }) => error.code,
  );
}

async function nextOf(broker: MemoryBroker, queue: QueueDeclaration) {
  const inbox = new Inbox();
  const subscription = await broker.consume([queue], { prefetch: 1, onDelivery: inbox.receive });
  const delivery = await inbox.next();
  await subscription.cancel();
  return delivery;
}

/** Takes `count` messages out, by default all that wait; their bodies. */
async function bodiesIn(broker: MemoryBroker, queue: QueueDeclaration, count?: number): Promise<string[]> {
  const expected = count ?? (await broker.size(queue.name));
  const inbox = new Inbox();
  const subscription = await broker.consume([queue], { prefetch: 1, onDelivery: inbox.receive });
  const bodies: string[] = [];
  for (let taken = 0; taken < expected; taken += 1) {
    const delivery = await inbox.next();
    bodies.push(bodyOf(delivery));
    await delivery.ack();
  }
  await subscription.cancel();
  return bodies;
}
