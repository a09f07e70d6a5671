import { Redis } from 'ioredis';
import type { Place } from './place.js';

/** What the broker's process holds, bytes. */
export async function brokerMemory({ server, app }: Place): Promise<number> {
  if (server !== undefined && 'ctl' in server)
    return Number(
      await server.ctl('eval', '[erlang:garbage_collect(P) || P <- processes()], erlang:memory(total).'),
    );
  const redis = new Redis(String(app.broker));
  try {
    return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  } finally {
    redis.disconnect();
  }
}
