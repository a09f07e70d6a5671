import { Redis } from 'ioredis';
import type { CeleryOptions, Duration } from '../../lib/index.js';
import { startRabbit, type RabbitServer } from '../support/rabbitmq.js';
import { startRedis, type RedisServer } from '../support/redis.js';

export const PLACES = ['RabbitMQ', 'RabbitMQ quorum', 'Redis', 'memory'] as const;
export type PlaceName = (typeof PLACES)[number];

/** Where a run takes place: a broker, with names that only this run uses. */
export interface Place {
  readonly name: PlaceName;
  readonly queue: string;
  readonly app: CeleryOptions;
  /** Of the broker; in memory there is none. */
  readonly port: number;
  /** The server behind the broker, where it is ours to kill. */
  readonly server: RabbitServer | RedisServer | undefined;
  /** Redis only: messages taken and not settled. */
  unsettled(): Promise<number>;
}

/** A worker's death is noticed on Redis after this. */
export const LEASE_MS = 5_000;

/** Servers that are there already, and must not be killed. */
export interface GivenServers {
  readonly rabbitUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
}

/** The servers of a run: private ones, started when they are first needed, or given ones. */
export class Servers implements AsyncDisposable {
  #rabbit: Promise<RabbitServer> | undefined;
  #redis: Promise<RedisServer> | undefined;
  #places = 0;

  constructor(private readonly given: GivenServers) {}

  async place(name: PlaceName): Promise<Place> {
    this.#places += 1;
    const queue = `chaos-${process.pid}-${this.#places}`;
    if (name === 'memory') {
      // One of its own, which all apps of this process share.
      const memory = `memory://${queue}`;
      const app = { broker: memory, backend: memory, taskDefaultQueue: queue };
      return { name, queue, app, port: 0, server: undefined, unsettled: async () => 0 };
    }
    const redis = this.given.redisUrl === undefined ? await (this.#redis ??= startRedis()) : undefined;
    const redisUrl = redis?.url ?? this.given.redisUrl ?? '';
    const common = { taskDefaultQueue: queue, backend: `${redisUrl}/9`, resultExpires: '3h' } as const;
    if (name === 'Redis') {
      const prefix = `${queue}:`;
      const brokerTransportOptions = { ...leases(`${LEASE_MS}ms`), globalKeyprefix: prefix };
      const app = { ...common, broker: `${redisUrl}/8`, brokerTransportOptions };
      const unsettled = () => counted(`${redisUrl}/8`, `${prefix}unacked_index`);
      return { name, queue, app, port: portOf(app.broker), server: redis, unsettled };
    }
    const rabbit = this.given.rabbitUrl === undefined ? await (this.#rabbit ??= startRabbit()) : undefined;
    const broker = rabbit?.url ?? this.given.rabbitUrl ?? '';
    const taskDefaultQueueType = name === 'RabbitMQ quorum' ? 'quorum' : 'classic';
    const app = { ...common, broker, taskDefaultQueueType } as const;
    return { name, queue, app, port: portOf(broker), server: rabbit, unsettled: async () => 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#rabbit?.then((rabbit) => rabbit.stop()),
      this.#redis?.then((redis) => redis.stop()),
    ]);
  }
}

async function counted(url: string, key: string): Promise<number> {
  const redis = new Redis(url);
  try {
    return await redis.zcard(key);
  } finally {
    redis.disconnect();
  }
}

/** The app's options with other leases; a broker without leases takes no notice. */
export function withLeases({ name, app }: Place, length: Duration): CeleryOptions {
  if (name !== 'Redis') return app;
  return { ...app, brokerTransportOptions: { ...app.brokerTransportOptions, ...leases(length) } };
}

/** These options, with the broker behind another port: a proxy's. Results go their own way. */
export function throughPort({ port }: Place, app: CeleryOptions, proxy: number): CeleryOptions {
  return { ...app, broker: String(app.broker).replace(`:${port}`, `:${proxy}`) };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function leases(length: Duration) {
  return { leaseTimeout: length, visibilityTimeout: length };
}
