import { expect, inject, it } from 'vitest';
import { redisStartStore } from '../../../lib/worker/starts/redis.start-store.js';
import { aRedisWorld } from '../../broker/redis.world.js';

it('counts starts by task for all workers, and forgets them', async () => {
  await using world = await aRedisWorld(inject('redisUrl'));
  const broker = world.open();
  await broker.connect();
  const { common } = broker;
  if (common.kind !== 'redis') throw new Error(`in ${common.kind}`);
  const [one, other] = [redisStartStore(common.scripts), redisStartStore(common.scripts)];
  expect(await one.startsOf('a')).toBe(0);
  expect([await one.begun('a'), await other.begun('a'), await one.begun('b')]).toEqual([1, 2, 1]);
  expect(await other.startsOf('a')).toBe(2);
  const leftMs = await world.redis.pttl(world.key('nestjs-celery.starts.a'));
  expect(leftMs).toBeGreaterThan(86_000_000);
  await other.forget('a');
  expect([await one.startsOf('a'), await one.startsOf('b')]).toEqual([0, 1]);
});
