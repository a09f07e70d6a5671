import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import amqp from 'amqplib';
import { startRabbit, type RabbitServer } from '../test/support/rabbitmq.js';
import { startRedis, type RedisServer } from '../test/support/redis.js';
import { Actor } from './actors.js';
import { loopsPerMs } from './burn.js';
import type { Order } from './order.js';
import { fillBullmq } from './peers/bullmq.js';
import { amqpProperties, envelope, wireMessages } from './wire.js';

export type Transport = 'RabbitMQ' | 'Redis';

/** What a contender asks of a process; the rest is as in `DEFAULTS`. */
export type Wish = Partial<Order> & Pick<Order, 'peer' | 'role'>;

const DEFAULTS = {
  mode: 'late',
  warmUp: 0,
  count: 0,
  width: 1,
  payloadBytes: 0,
  concurrency: 50,
  pool: 'none',
  taskMs: 0,
  pace: 0,
  flow: 'chain',
  extra: 'none',
} as const;

/** Private servers, and the rounds that are played on them. */
export class Stage implements AsyncDisposable {
  #loopsPerMs: number | undefined;
  #rabbit: RabbitServer | undefined;
  #redis: RedisServer | undefined;

  /** A fresh Redis: its file grows with every workload. */
  async clear(): Promise<void> {
    await this.#redis?.stop();
    // No rewriting of the file while something is measured.
    this.#redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  }

  /** Gives one round a queue of its own, and takes away what it leaves. */
  async round<T>(transport: Transport, play: (scene: Scene) => Promise<T>): Promise<T> {
    if (this.#redis === undefined) await this.clear();
    const redis = this.#redis?.url ?? '';
    if (transport === 'RabbitMQ') this.#rabbit ??= await startRabbit();
    const broker = transport === 'RabbitMQ' ? (this.#rabbit?.url ?? '') : redis;
    const queue = `bench-${randomUUID().slice(0, 8)}`;
    if (transport === 'RabbitMQ') await onChannel(broker, (channel) => channel.assertQueue(queue));
    this.#loopsPerMs ??= loopsPerMs();
    const place = { broker, backend: `${redis}/1`, queue, loopsPerMs: this.#loopsPerMs };
    try {
      return await play(new Scene(place));
    } finally {
      if (transport === 'RabbitMQ') await onChannel(broker, (channel) => channel.deleteQueue(queue));
      const client = new Redis(redis);
      await client.flushall('SYNC');
      client.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#rabbit?.stop(), this.#redis?.stop()]);
  }
}

/** One round: processes that share a queue. */
export class Scene {
  constructor(private readonly place: Pick<Order, 'broker' | 'backend' | 'queue' | 'loopsPerMs'>) {}

  start(wish: Wish): Actor {
    return new Actor(this.#order(wish));
  }

  /** Lays so many tasks into the queue, as the worker of that wish reads them. */
  async fill(wish: Wish, count: number): Promise<void> {
    const order = this.#order(wish);
    if (wish.peer === 'bullmq') return fillBullmq(order, count);
    const next = wireMessages(order);
    if (order.broker.startsWith('amqp')) {
      await onChannel(order.broker, async (channel) => {
        for (let laid = 0; laid < count; laid += 1) {
          const message = next();
          channel.sendToQueue(order.queue, message.body, amqpProperties(message));
          if (laid % 1_000 === 0) await channel.waitForConfirms();
        }
        await channel.waitForConfirms();
      });
      return;
    }
    const redis = new Redis(order.broker);
    const many = order.payloadBytes > 10_000 ? 50 : 1_000;
    for (let laid = 0; laid < count; laid += many) {
      const length = Math.min(many, count - laid);
      await redis.lpush(order.queue, ...Array.from({ length }, () => envelope(next(), order.queue)));
    }
    redis.disconnect();
  }

  #order(wish: Wish): Order {
    return { ...DEFAULTS, ...this.place, ...wish };
  }
}

async function onChannel(
  url: string,
  use: (channel: amqp.ConfirmChannel) => Promise<unknown>,
): Promise<void> {
  const connection = await amqp.connect(url, { noDelay: true });
  try {
    await use(await connection.createConfirmChannel());
  } finally {
    await connection.close();
  }
}
