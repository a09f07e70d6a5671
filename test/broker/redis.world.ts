import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { BrokerSettings } from '../../lib/broker/broker.options.js';
import { RedisBroker } from '../../lib/broker/redis/redis.broker.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';

export interface Wish extends Partial<Omit<BrokerSettings, 'transportOptions'>> {
  readonly transportOptions?: Readonly<Record<string, unknown>>;
}

/**
 * Brokers on one Redis under a key prefix of their own, and a plain client beside them.
 * @param newPassword of a server that asks for none yet
 */
export async function aRedisWorld(url: string, newPassword?: string) {
  const prefix = `t-${randomUUID()}:`;
  if (newPassword !== undefined) {
    const { hostname, port } = new URL(url);
    const first = new Redis(Number(port), hostname);
    await first.config('SET', 'requirepass', newPassword);
    first.disconnect();
  }
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await redis.connect();
  const brokers: RedisBroker[] = [];
  const open = ({ transportOptions, ...wish }: Wish = {}): RedisBroker => {
    const broker = RedisBroker.open({
      urls: [url],
      publishTimeoutMs: 30_000,
      connectTimeoutMs: 4_000,
      heartbeatSeconds: 20,
      tls: undefined,
      clientName: 'test',
      clock: systemClock,
      log: silentLog,
      transportOptions: { globalKeyprefix: prefix, ...transportOptions },
      ...wish,
    });
    brokers.push(broker);
    return broker;
  };
  return {
    redis,
    prefix,
    open,
    key: (name: string): string => prefix + name,
    /** What is recorded as held, without kombu's index. */
    held: (): Promise<number> => redis.hlen(`${prefix}unacked`),
    async [Symbol.asyncDispose]() {
      await Promise.all(brokers.map((broker) => broker.close()));
      // A server that the test has ended keeps no keys either.
      if (redis.status === 'ready') {
        const keys = await redis.keys(`${prefix}*`);
        if (keys.length > 0) await redis.del(...keys);
      }
      redis.disconnect();
    },
  };
}

export type RedisWorld = Awaited<ReturnType<typeof aRedisWorld>>;
