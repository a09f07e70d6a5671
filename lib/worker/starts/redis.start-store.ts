import { script, type ScriptRunner } from '../../redis/redis.script.js';
import { KEPT_MS, type StartStore } from './start-store.js';

const READ = script(`return tonumber(redis.call('GET', KEYS[1]) or 0)`);
const COUNT = script(`
local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return count`);
const FORGET = script(`return redis.call('DEL', KEYS[1])`);

/** A key for each task that came back. */
export function redisStartStore(scripts: ScriptRunner): StartStore {
  const keyOf = (taskId: string): string => `${scripts.prefix}nestjs-celery.starts.${taskId}`;
  return {
    startsOf: async (taskId) => Number(await scripts.run(READ, [keyOf(taskId)], [])),
    begun: async (taskId) => Number(await scripts.run(COUNT, [keyOf(taskId)], [KEPT_MS])),
    forget: async (taskId) => void (await scripts.run(FORGET, [keyOf(taskId)], [])),
  };
}
