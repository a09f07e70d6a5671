import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TopologyConflictError, type QueueOptions } from '../../lib/index.js';
import { replyChannelOf } from '../../lib/nest/broker.reply-channel.js';
import { anAmqpWorld } from '../broker/amqp.world.js';
import { Lists } from './lists.js';
import { openInteropWorld, ourSide, startOurWorker, type InteropWorld } from './world.js';

/** The same queue as both sides are told of it. */
interface SameQueue {
  readonly name: string;
  /** Arguments of kombu's `Queue`. */
  readonly options?: object;
  readonly exchange?: { readonly name: string; readonly type: 'direct' | 'topic' | 'fanout' };
  readonly ours?: Omit<QueueOptions, 'name'>;
}

const run = randomUUID().slice(0, 8);
const topic = { name: `topic-${run}`, type: 'topic' } as const;
const fanout = { name: `fanout-${run}`, type: 'fanout' } as const;

const QUEUES: readonly SameQueue[] = [
  { name: 'a queue known by its name alone' },
  { name: 'a queue with priorities', options: { max_priority: 10 }, ours: { maxPriority: 10 } },
  {
    name: 'a quorum queue',
    options: { queue_arguments: { 'x-queue-type': 'quorum' } },
    ours: { queueType: 'quorum' },
  },
  {
    name: 'a bounded queue',
    options: { message_ttl: 90.5, expires: 3600, max_length: 100 },
    ours: { messageTtl: 90.5, expires: 3600, maxLength: 100 },
  },
  {
    name: 'a queue on a topic exchange',
    exchange: topic,
    options: { routing_key: `${run}.#` },
    ours: { exchange: topic, routingKey: `${run}.#` },
  },
  { name: 'a queue on a fanout exchange', exchange: fanout, ours: { exchange: fanout } },
  {
    name: 'a transient queue',
    options: { durable: false, auto_delete: true },
    ours: { durable: false, autoDelete: true },
  },
];

describe('RabbitMQ topology, declared by both sides', () => {
  let opened: InteropWorld | undefined;
  beforeAll(async () => {
    const lists = `${inject('redisUrl')}/15`;
    opened = await openInteropWorld({ broker: inject('rabbitUrl'), backend: 'rpc://', lists });
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  const world = (): InteropWorld => {
    if (opened === undefined) throw new Error('The world did not open');
    return opened;
  };
  const ourWorker = async (queue: QueueOptions) => {
    const { urls, queues, lists } = world();
    const options = ourSide(urls, queues);
    return startOurWorker({ ...options, taskQueues: [queue] }, new Lists(lists.url), [queue.name]);
  };
  const aName = (): string => `q-${randomUUID()}`;

  it.each(QUEUES)('$name: Python first, then we', async ({ options, exchange, ours }) => {
    const { python } = world();
    const name = aName();
    await python.ask('declare', { queue: name, options, exchange });
    await using worker = await ourWorker({ name, ...ours });
    const result = await worker.client.applyAsync('js.add', { args: [1, 2], queue: name });
    expect(await result.get({ timeout: 20 })).toBe(3);
  });

  it.each(QUEUES)('$name: we first, then Python', async ({ options, exchange, ours }) => {
    const { python } = world();
    const name = aName();
    await using _worker = await ourWorker({ name, ...ours });
    await python.ask('declare', { queue: name, options, exchange });
    const { id } = await python.send('js.add', [1, 2], { options: { exchange: '', routing_key: name } });
    expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', value: 3 });
  });

  it('a queue that a Python worker consumes takes our messages, and the reverse', async () => {
    const { python, client, node, queues } = world();
    const name = aName();
    const early = await client.applyAsync('py.add', { args: [1, 2], queue: name });
    await python.ask('consume', { queue: name, node });
    const { id } = await python.send('js.add', [1, 2], { options: { queue: queues.js } });
    expect(await early.get({ timeout: 20 })).toBe(3);
    expect(await python.get(id)).toMatchObject({ value: 3 });
  });

  it('the quarantine of a queue can be consumed by Python', async () => {
    const { python, queues } = world();
    const { id } = await python.send('js.nobody');
    expect(await python.get(id)).toMatchObject({ error: 'NotRegistered' });
    await python.ask('declare', { queue: `${queues.js}.quarantine` });
  });

  it('a queue that Python declared otherwise is refused to us by its name', async () => {
    const { python, client } = world();
    const name = aName();
    await python.ask('declare', { queue: name, options: { max_priority: 3 } });
    const refused = client.applyAsync('js.add', { args: [1, 2], queue: name });
    await expect(refused).rejects.toThrow(TopologyConflictError);
    await expect(refused).rejects.toThrow(name);
  });

  describe('reply queues of rpc', () => {
    it('ours is the one that Celery would declare', async () => {
      const { python, client } = world();
      const result = await client.applyAsync<{ reply_to: string }>('js.replies');
      const { reply_to: name } = await result.get({ timeout: 20 });
      await python.ask('declare_reply_queue', { name });
      const after = await client.applyAsync('py.add', { args: [1, 2] });
      expect(await after.get({ timeout: 20 })).toBe(3);
    });

    it("Celery's can be listened to as ours", async () => {
      await using amqp = await anAmqpWorld(inject('rabbitUrl'));
      const { python } = world();
      const name = aName();
      await python.ask('declare_reply_queue', { name });
      const channel = replyChannelOf(amqp.open());
      const day = 86_400_000;
      const message = await new Promise<string>((resolve, reject) => {
        channel
          .listen(name, day, ({ body }) => resolve(body.toString()))
          .then(() => python.ask('raw', { queue: name, body: Buffer.from('hello').toString('base64') }))
          .catch(reject);
      });
      expect(message).toBe('hello');
    });

    it('ours goes with its client', async () => {
      const name = aName();
      const ours = await ourWorker({ name });
      const result = await ours.client.applyAsync<{ reply_to: string }>('js.replies', { queue: name });
      const { reply_to: replies } = await result.get({ timeout: 20 });
      await ours[Symbol.asyncDispose]();
      const connection = await connect(inject('rabbitUrl'));
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      await expect(channel.checkQueue(replies)).rejects.toThrow(/NOT_FOUND/);
      await connection.close();
    });

    it.each(['js', 'py'])('a caller that has gone does not hold up a worker: %s', async (side) => {
      const { python, client, lists, aList } = world();
      const into = aList();
      const options = { reply_to: aName() };
      for (const value of [1, 2, 3])
        await python.send(`${side}.mark`, [value], { kwargs: { into }, options });
      expect(await lists.take(into, 3)).toHaveLength(3);
      expect(await (await client.applyAsync(`${side}.add`, { args: [1, 2] })).get({ timeout: 20 })).toBe(3);
    });
  });
});
