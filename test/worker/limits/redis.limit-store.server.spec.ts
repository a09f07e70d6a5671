import { expect, inject, it } from 'vitest';
import type { ScriptRunner } from '../../../lib/redis/redis.script.js';
import type { Wish } from '../../../lib/worker/limits/limit-store.js';
import { RedisLimitStore } from '../../../lib/worker/limits/redis.limit-store.js';
import { aRedisWorld } from '../../broker/redis.world.js';
import { limitStoreConformance } from '../../conformance/limit-store.conformance.js';

const open = async (recalls = true) => {
  const world = await aRedisWorld(inject('redisUrl'));
  const broker = world.open();
  await broker.connect();
  const ground = broker.common;
  if (ground.kind !== 'redis') throw new Error(`in ${ground.kind}`);
  const recalled: string[] = [];
  const calls: string[] = [];
  const scripts: ScriptRunner = {
    prefix: ground.scripts.prefix,
    run: (script, keys, args) => {
      calls.push(script.sha);
      return ground.scripts.run(script, keys, args);
    },
  };
  const store = new RedisLimitStore({
    scripts,
    recall: recalls ? (marks) => void recalled.push(...marks) : undefined,
    slackMs: 0,
    random: () => 0.5,
  });
  return {
    store,
    recalled,
    calls,
    world,
    expire: async ({ permit, concurrency }: Wish) => {
      await world.redis.zadd(world.key(`nestjs-celery.{limits}.runs.${concurrency?.key}`), 0, `p:${permit}`);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
};

limitStoreConformance('Redis', open);

const concurrency = { key: 'mail', max: 2 };
const wish = (index: number): Wish => ({
  ticket: `${index}`,
  permit: `${index}`,
  rate: { key: 'mail', intervalMs: 0.5, burst: 1_000 },
  concurrency,
});

it('what comes in one turn of the event loop goes in one script', async () => {
  await using limits = await open();
  await Promise.all(Array.from({ length: 150 }, (_, index) => limits.store.ask(wish(index))));
  expect(limits.calls).toHaveLength(1);
});

it('every key goes by itself once nobody uses it', async () => {
  await using limits = await open();
  await Promise.all(Array.from({ length: 20 }, (_, index) => limits.store.ask(wish(index))));
  await Promise.all(Array.from({ length: 20 }, (_, index) => limits.store.lineUp(wish(index), 'mark')));
  await limits.store.leave(wish(0), 10);
  const keys = await limits.world.redis.keys(limits.world.key('nestjs-celery.{limits}.*'));
  expect(keys.length).toBeGreaterThanOrEqual(5);
  for (const key of keys) expect(await limits.world.redis.pttl(key)).toBeGreaterThan(0);
});

it('where nothing can be recalled, those put away come back as fast as permits become free', async () => {
  await using limits = await open(false);
  const waits: number[] = [];
  for (let each = 0; each < 12; each += 1) {
    const answer = await limits.store.ask({ ...wish(each), rate: undefined });
    if (answer.answer === 'concurrency') waits.push(answer.waitMs);
  }
  expect(waits).toHaveLength(10);
  expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  expect(waits.at(-1)).toBeLessThanOrEqual(1_000);
  // Tasks that run for a minute are waited for longer.
  for (let each = 0; each < 60; each += 1) await limits.store.leave(wish(each), 60_000);
  for (let each = 100; each < 102; each += 1) await limits.store.ask({ ...wish(each), rate: undefined });
  const slow = await limits.store.ask({ ...wish(200), rate: undefined });
  expect(slow).toMatchObject({ answer: 'concurrency' });
  expect(slow.answer === 'go' ? 0 : slow.waitMs).toBeGreaterThan(10_000);
  expect(limits.recalled).toEqual([]);
});
