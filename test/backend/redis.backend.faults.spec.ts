import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import type { BackendSettings } from '../../lib/backend/backend.options.js';
import { RedisBackend } from '../../lib/backend/redis.backend.js';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import { BackendUnavailableError, EncodeError, UndecodableMessageError } from '../../lib/errors.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { AsyncResult } from '../../lib/result/async-result.js';
import { aMeta } from '../conformance/result-backend.conformance.js';
import { contentOf } from '../message/open-content.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { backendSettings } from './backend-settings.js';

const NOWHERE = { replyTo: undefined, correlationId: 'x' };

/** A backend, a client beside it, and names that nobody else uses. */
async function aWorld(url = inject('redisUrl'), changes: Partial<BackendSettings> = {}) {
  const prefix = `t${randomUUID()}:`;
  const transportOptions = { globalKeyprefix: prefix };
  const backend = new RedisBackend(url, await backendSettings({ transportOptions, ...changes }));
  const redis = new Redis(url.replace(/^rediss?\+cluster/, 'redis'));
  const keyOf = (taskId: string): string => `${prefix}celery-task-meta-${taskId}`;
  return {
    backend,
    redis,
    keyOf,
    store: (taskId: string, change: Partial<TaskMeta> = {}) =>
      backend.store(aMeta({ taskId, ...change }), NOWHERE),
    get: (taskId: string): Promise<unknown> =>
      new AsyncResult(taskId, {
        backend,
        clock: systemClock,
        revoke: undefined,
        insideTask: () => false,
      }).get({ timeout: 20 }),
    /** Channels of this world that Redis knows a subscriber of. */
    channels: async () => redis.pubsub('CHANNELS', keyOf('*')),
    /** What Redis calls this world's connections. */
    async connections(): Promise<string[]> {
      const clients = String(await redis.client('LIST')).split('\n');
      return clients.filter((line) => line.includes(`name=${changes.clientName ?? 'none'}`));
    },
    async [Symbol.asyncDispose]() {
      await backend.close();
      redis.disconnect();
    },
  };
}

describe('waiting for results on Redis', () => {
  it('drains every subscription, and takes one connection for all of them', async () => {
    const clientName = `test-${randomUUID()}`;
    await using w = await aWorld(inject('redisUrl'), { clientName });
    const ids = Array.from({ length: 1_200 }, (_, index) => `task-${index}`);
    for (const part of [ids.slice(0, 600), ids.slice(600)]) {
      const all = Promise.all(part.map((id) => w.get(id)));
      await eventually(async () => (await w.channels()).length === part.length);
      await Promise.all(part.map((id) => w.store(id, { result: id })));
      expect(await all).toEqual(part);
      await eventually(async () => (await w.channels()).length === 0);
    }
    expect(await w.connections()).toHaveLength(2);
  });

  it('does not mix up tasks that are watched and left in the same breath', async () => {
    await using w = await aWorld();
    await w.backend.connect();
    const kept: TaskMeta[] = [];
    for (let round = 0; round < 200; round += 1) {
      const id = `task-${round % 7}`;
      const unwatch = w.backend.watch(id, () => undefined);
      if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      unwatch();
    }
    w.backend.watch('task-3', (meta) => kept.push(meta));
    await eventually(async () => (await w.channels()).join() === w.keyOf('task-3'));
    await w.store('task-3', { result: 'told' });
    await eventually(() => kept.length > 0);
    expect(kept[0]?.result).toBe('told');
  });

  it('goes on after its connections were killed', async () => {
    const clientName = `test-${randomUUID()}`;
    await using w = await aWorld(inject('redisUrl'), { clientName });
    const got = w.get('a');
    await eventually(async () => (await w.channels()).length === 1);
    for (const line of await w.connections())
      await w.redis.client('KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] ?? '');
    await w.store('a', { result: 'after all' });
    expect(await got).toBe('after all');
  });

  it('hears of what was stored while the connection for notices had gone silent', async () => {
    const { port } = new URL(inject('redisUrl'));
    await using proxy = await startTcpProxy(Number(port));
    await using w = await aWorld(`redis://127.0.0.1:${proxy.port}`, {
      pollingIntervalMs: 100,
      timeoutMs: 600,
    });
    const got = w.get('a');
    await eventually(async () => (await w.channels()).length === 1);
    proxy.freeze();
    const direct = new RedisBackend(
      inject('redisUrl'),
      await backendSettings({ transportOptions: { globalKeyprefix: w.keyOf('').split('celery-')[0] } }),
    );
    await direct.store(aMeta({ taskId: 'a', result: 'unheard of' }), NOWHERE);
    proxy.heal();
    expect(await got).toBe('unheard of');
    await direct.close();
  });

  it('uses the second half of its time on a fresh connection when the first has gone silent', async () => {
    const { port } = new URL(inject('redisUrl'));
    await using proxy = await startTcpProxy(Number(port));
    await using w = await aWorld(`redis://127.0.0.1:${proxy.port}`, { timeoutMs: 2_000 });
    await w.store('a', { status: 'STARTED', dateDone: undefined });
    proxy.freeze();
    const stored = w.store('a', { result: 1 });
    proxy.heal();
    await stored;
    expect((await w.backend.get('a'))?.status).toBe('SUCCESS');
  });

  it('looks now and then, for notices that got lost', async () => {
    const clientName = `test-${randomUUID()}`;
    await using w = await aWorld(inject('redisUrl'), { pollingIntervalMs: 200, clientName });
    const got = w.get('a');
    await eventually(async () => (await w.connections()).some((line) => line.includes('cmd=mget')));
    await w.redis.set(w.keyOf('a'), '{"status": "SUCCESS", "result": "silent", "task_id": "a"}');
    expect(await got).toBe('silent');
  });

  it('ends a wait for what cannot be read, told of or found', async () => {
    await using w = await aWorld();
    await w.redis.set(w.keyOf('found'), 'pickle');
    await expect(w.get('found')).rejects.toThrow(UndecodableMessageError);
    const told = expect(w.get('told')).rejects.toThrow(UndecodableMessageError);
    await eventually(async () => (await w.channels()).includes(w.keyOf('told')));
    await w.redis.publish(w.keyOf('told'), 'pickle');
    await told;
  });

  it('works where the Redis user may not subscribe', async () => {
    await using server = await startRedis();
    const admin = new Redis(server.url);
    await admin.call('ACL', 'SETUSER', 'poller', 'on', '>pw', '~*', '+@all', '-subscribe', 'allchannels');
    admin.disconnect();
    const url = server.url.replace('redis://', 'redis://poller:pw@');
    await using w = await aWorld(url, { pollingIntervalMs: 50 });
    const got = w.get('a');
    await w.store('a', { result: 'polled' });
    expect(await got).toBe('polled');
  });
});

describe('storing results on Redis', () => {
  /** As Celery 5.2.6 stores them with each `result_serializer`. */
  const STORED_BY_PYTHON = {
    json: '{"status": "SUCCESS", "result": 1, "traceback": null, "children": null, "date_done": null, "task_id": "a"}',
    msgpack:
      '\x86\xa6status\xa7SUCCESS\xa6result\x01\xa9traceback\xc0\xa8children\xc0\xa9date_done\xc0\xa7task_id\xa1a',
    yaml: 'children: null\ndate_done: null\nresult: 1\nstatus: SUCCESS\ntask_id: a\ntraceback: null\n',
  };
  /** A state of the task's own, whose data does its best to look like a SUCCESS. */
  const LOOKS_SUCCESSFUL = {
    json: '{"status": "PROGRESS", "result": {"status": "SUCCESS"}, "task_id": "a"}',
    msgpack: '\x83\xa6status\xa8PROGRESS\xa6result\x81\xa6status\xa7SUCCESS\xa7task_id\xa1a',
    yaml: "result:\n  status: SUCCESS\n  text: 'a\n\n    status: SUCCESS\n\n    b'\nstatus: PROGRESS\ntask_id: a\n",
  };

  it.each(['json', 'msgpack', 'yaml'] as const)(
    'keeps a SUCCESS that was written as %s',
    async (serializer) => {
      const content = await contentOf({ resultSerializer: serializer, acceptContent: [serializer] });
      await using w = await aWorld(inject('redisUrl'), { serializer, content });
      await w.redis.set(w.keyOf('a'), Buffer.from(STORED_BY_PYTHON[serializer], 'latin1'));
      await w.store('a', { result: 'overwritten' });
      expect((await w.backend.get('a'))?.result).toBe(1);

      await w.redis.set(w.keyOf('a'), Buffer.from(LOOKS_SUCCESSFUL[serializer], 'latin1'));
      await w.store('a', { result: 'stored' });
      await w.store('a', { result: 'overwritten' });
      expect((await w.backend.get('a'))?.result).toBe('stored');
    },
  );

  it('stores many in few round trips, and refuses alone what cannot be stored', async () => {
    await using server = await startRedis();
    await using w = await aWorld(server.url);
    await w.redis.lpush(w.keyOf('task-7'), 'no document');
    const scriptsRun = async () => {
      const stats = String(await w.redis.info('commandstats'));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    await w.store('first');
    const before = await scriptsRun();
    const ends = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => w.store(`task-${index}`)),
    );
    expect((await scriptsRun()) - before).toBeLessThan(5);
    expect(ends.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([7]);
    await expect(w.store('task-7')).rejects.toThrow(BackendUnavailableError);
    expect(await w.redis.exists(...Array.from({ length: 100 }, (_, index) => w.keyOf(`task-${index}`)))).toBe(
      100,
    );
  });

  it('goes on when Redis has forgotten its scripts', async () => {
    await using w = await aWorld();
    await w.store('a', { result: 1 });
    await w.redis.script('FLUSH');
    await w.store('b', { result: 2 });
    expect((await w.backend.get('b'))?.result).toBe(2);
  });

  it('keeps results for ever without resultExpires', async () => {
    await using w = await aWorld(inject('redisUrl'), { expiresMs: undefined });
    await w.store('a');
    expect(await w.redis.pttl(w.keyOf('a'))).toBe(-1);
  });

  it('says at once that Redis is full, and is not in its way when there is room again', async () => {
    await using server = await startRedis();
    await using w = await aWorld(server.url);
    await w.redis.config('SET', 'maxmemory', '1');
    await expect(w.store('a')).rejects.toThrow(/out of memory/);
    await w.redis.config('SET', 'maxmemory', '0');
    await w.store('a');
  });

  it('refuses a result that is larger than Redis takes, and keeps nobody from storing theirs', async () => {
    await using server = await startRedis({ args: ['--proto-max-bulk-len', '1mb'] });
    await using w = await aWorld(server.url);
    const large = w.store('large', { result: 'x'.repeat(1 << 21) }).catch((error: unknown) => error);
    const others = ['a', 'b', 'c'].map((taskId) => w.store(taskId));
    expect(await large).toBeInstanceOf(EncodeError);
    expect(String(await large)).toMatch(/Redis takes no more than 1048576 \(proto-max-bulk-len\)/);
    await Promise.all(others);
    expect(await w.get('c')).toBeDefined();
  });

  it('says that the password is wrong', async () => {
    await using server = await startRedis();
    const admin = new Redis(server.url);
    await admin.config('SET', 'requirepass', 'right');
    admin.disconnect();
    const url = server.url.replace('redis://', 'redis://:wrong@');
    const backend = new RedisBackend(url, await backendSettings({ timeoutMs: 300 }));
    const failed = await backend.store(aMeta({ taskId: 'a' }), NOWHERE).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(BackendUnavailableError);
    expect(String(failed)).toMatch(/WRONGPASS|invalid password/i);
    expect(String(failed)).not.toContain('wrong@');
    await backend.close();
  });
});
