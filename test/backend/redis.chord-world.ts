import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { BackendSettings } from '../../lib/backend/backend.options.js';
import { RedisBackend } from '../../lib/backend/redis.backend.js';
import type { ChordStoreWorld } from '../conformance/chord-store.conformance.js';
import { backendSettings } from './backend-settings.js';

export interface RedisChordWorld extends ChordStoreWorld {
  readonly redis: Redis;
  /** Key of a chord, by its ending. */
  readonly key: (groupId: string, ending: string) => string;
}

const LOST_AFTER_MS = 3_600_000;

/** Two backends on a server, by default with keys of their own. */
export async function aRedisChordWorld(
  url: string,
  changes: Partial<BackendSettings> = {},
  prefix = `${randomUUID()}:`,
): Promise<RedisChordWorld> {
  const transportOptions = prefix === '' ? {} : { globalKeyprefix: prefix };
  const settings = await backendSettings({ transportOptions, expiresMs: LOST_AFTER_MS, ...changes });
  const [backend, another] = [new RedisBackend(url, settings), new RedisBackend(url, settings)];
  const redis = new Redis(url.replace('+cluster', ''));
  const find = (pattern: string): Promise<string[]> => redis.keys(`${prefix}${pattern}`);
  return {
    store: backend.chords,
    other: another.chords,
    redis,
    key: (groupId, ending) => `${prefix}celery-taskset-meta-${groupId}${ending}`,
    // The server's clock cannot be moved: everything that was written with it is.
    elapse: async (ms) => {
      for (const registry of await find('celery-chords-open*'))
        for (const groupId of await redis.zrange(registry, '0', '-1'))
          await redis.zincrby(registry, String(-ms), groupId);
      for (const chord of await find('*.c'))
        for (const field of ['until', 'deadline', 'seen'])
          if ((await redis.hexists(chord, field)) === 1) await redis.hincrby(chord, field, String(-ms));
    },
    kept: async (groupId) => {
      const registered = await Promise.all(
        (await find('celery-chords-open*')).map((registry) => redis.zscore(registry, groupId)),
      );
      const homes = await Promise.all(
        (await find('celery-chords-homes*')).map((registry) => redis.hget(registry, groupId)),
      );
      return [...(await find(`*${groupId}*`)), ...[...registered, ...homes].filter((each) => each !== null)];
    },
    lostAfterMs: LOST_AFTER_MS,
    [Symbol.asyncDispose]: async () => {
      const keys = await find('*');
      for (const key of keys) await redis.del(key);
      redis.disconnect();
      await backend.close();
      await another.close();
    },
  };
}
