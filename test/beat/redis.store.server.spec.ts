import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { RedisStore } from '../../lib/beat/redis.store.js';
import { ScheduleStoreError } from '../../lib/errors.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { aDefinition, scheduleStoreConformance } from '../conformance/schedule-store.conformance.js';
import { freePort } from '../support/servers/free-port.js';

const storeAt = (url: string, base: string = `test.${randomUUID()}`, timeoutMs = 10_000): RedisStore =>
  new RedisStore({
    url,
    base,
    connection: {
      clientName: 'test',
      connectTimeoutMs: 5_000,
      heartbeatSeconds: 20,
      tls: undefined,
      masterName: undefined,
      sentinelKwargs: {},
    },
    timeoutMs,
    clock: systemClock,
    log: silentLog,
  });

scheduleStoreConformance('redis', {
  open: async (handles) => {
    const base = `test.${randomUUID()}`;
    return Array.from({ length: handles }, () => storeAt(inject('redisUrl'), base));
  },
  // The lease ends by the server's clock.
  advance: (ms) => pause(ms),
});

describe('the Redis schedule store', () => {
  const world = async () => {
    const store = storeAt(inject('redisUrl'));
    const redis = new Redis(inject('redisUrl'));
    const answer = await store.takeTerm('a', 60_000);
    if (answer.kind !== 'won') throw new Error('held');
    await store.put('e', aDefinition(), 'client', 1);
    return {
      store,
      redis,
      term: answer.term,
      list: `list-${randomUUID()}`,
      [Symbol.asyncDispose]: async () => {
        await store.close();
        redis.disconnect();
      },
    };
  };

  it('pushes the message of a tick in the step that records it, once', async () => {
    await using w = await world();
    const pushes = [{ list: w.list, text: 'message' }];
    const move = { name: 'e', revision: 1, controlRevision: 0, from: '', to: 's1', pushes };
    await Promise.all([w.store.move(w.term, move), w.store.move(w.term, move)]);
    expect(await w.redis.lrange(w.list, 0, -1)).toEqual(['message']);
  });

  it('pushes nothing for a leader of the past, nor by an old view', async () => {
    await using w = await world();
    const pushes = [{ list: w.list, text: 'message' }];
    const move = { name: 'e', revision: 1, controlRevision: 0, from: '', to: 's1', pushes };
    const past = { ...w.term, fence: w.term.fence - 1 };
    expect(await w.store.move(past, move)).toBe('lost');
    expect(await w.store.move(w.term, { ...move, revision: 2 })).toBe('stale');
    expect(await w.redis.exists(w.list)).toBe(0);
  });

  it('records nothing when the message cannot be pushed', async () => {
    await using w = await world();
    await w.redis.set(w.list, 'text');
    const pushes = [{ list: w.list, text: 'message' }];
    const move = { name: 'e', revision: 1, controlRevision: 0, from: '', to: 's1', pushes };
    await expect(w.store.move(w.term, move)).rejects.toThrow(/WRONGTYPE/);
    expect((await w.store.readEntry('e'))?.state).toBe('');
  });

  it('that cannot be reached says so in time', async () => {
    const store = storeAt(`redis://user:secret@127.0.0.1:${await freePort()}/0`, 'test', 300);
    await expect(store.connect({ failFast: true })).rejects.toThrow(ScheduleStoreError);
    const failed = store.read();
    await expect(failed).rejects.toThrow(/^Schedule store redis:.* gave no answer in time/);
    await expect(failed).rejects.not.toThrow(/secret/);
    await store.close();
  });
});
