import { Redis } from 'ioredis';
import type { Place } from './place.js';

/** Names of what the broker keeps for all its clients: queues of RabbitMQ, keys of Redis. */
export async function keptByBroker({ server, app }: Place): Promise<readonly string[]> {
  if (server !== undefined && 'ctl' in server) {
    const lines = (await server.ctl('list_queues', 'name', '--no-table-headers')).trim().split('\n');
    return lines.filter((line) => line !== '').toSorted();
  }
  if (!String(app.broker).startsWith('redis')) return [];
  const redis = new Redis(String(app.broker));
  try {
    return (await redis.keys('*')).toSorted();
  } finally {
    redis.disconnect();
  }
}
