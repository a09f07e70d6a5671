import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { Redis } from 'ioredis';
import { RedisBackend } from '../../lib/backend/redis.backend.js';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import { BackendUnavailableError, UndecodableMessageError } from '../../lib/errors.js';
import { aMeta, resultBackendConformance } from '../conformance/result-backend.conformance.js';
import { FakeClock } from '../support/fake-clock.js';
import { startRedis } from '../support/redis.js';
import { backendSettings } from './backend-settings.js';

resultBackendConformance('redis', {
  shared: true,
  open: async () => new RedisBackend(inject('redisUrl'), await backendSettings()),
});

const keyOf = (taskId: string) => `celery-task-meta-${taskId}`;
const NOWHERE = { replyTo: undefined, correlationId: 'x' };

describe('redis result backend', () => {
  it("writes Celery's key, document and life time, and announces it on the channel of the key's name", async () => {
    const url = inject('redisUrl');
    const taskId = randomUUID();
    const backend = new RedisBackend(
      url,
      await backendSettings({ transportOptions: { globalKeyprefix: 'pfx' } }),
    );
    const redis = new Redis(url);
    const subscriber = new Redis(url);
    const key = `pfx_celery-task-meta-${taskId}`;
    await subscriber.subscribe(key);
    const announced = new Promise<string>((resolve) =>
      subscriber.on('message', (_channel, text) => resolve(text)),
    );

    await backend.store(aMeta({ taskId, result: 3 }), NOWHERE);

    const stored = await redis.get(key);
    expect(JSON.parse(stored ?? '')).toEqual({
      status: 'SUCCESS',
      result: 3,
      traceback: null,
      children: [],
      date_done: '2026-11-21T04:05:36.329000+00:00',
      task_id: taskId,
    });
    expect(stored?.startsWith('{"status":"SUCCESS"')).toBe(true);
    expect(await announced).toBe(stored);
    const life = await redis.pttl(key);
    expect(life).toBeGreaterThan(86_000_000);
    for (const client of [redis, subscriber]) client.disconnect();
    await backend.close();
  });

  it('does not overwrite a SUCCESS that Python stored, and reads it', async () => {
    const url = inject('redisUrl');
    const taskId = randomUUID();
    const redis = new Redis(url);
    const document = `{"status": "SUCCESS", "result": 3, "traceback": null, "children": [], "date_done": "2026-11-21T04:04:33.677094", "task_id": "${taskId}"}`;
    await redis.set(`celery-task-meta-${taskId}`, document);
    const backend = new RedisBackend(url, await backendSettings());
    await backend.store(aMeta({ taskId, status: 'STARTED' }), NOWHERE);
    expect(await redis.get(`celery-task-meta-${taskId}`)).toBe(document);
    expect(await backend.get(taskId)).toMatchObject({ status: 'SUCCESS', result: 3 });
    redis.disconnect();
    await backend.close();
  });

  it('tells after a restart of the server what was stored meanwhile', async () => {
    await using server = await startRedis();
    const settings = await backendSettings({ timeoutMs: 20_000 });
    const [waiting, storing] = [
      new RedisBackend(server.url, settings),
      new RedisBackend(server.url, settings),
    ];
    const told = new Promise<TaskMeta>((resolve) => waiting.watch('t', resolve));
    await waiting.connect();
    await storing.connect();
    await server.kill();
    const stored = storing.store(aMeta({ taskId: 't', result: 'after all' }), NOWHERE);
    await server.start();
    await stored;
    expect((await told).result).toBe('after all');
    await Promise.all([waiting.close(), storing.close()]);
  });

  it('rejects at its deadline while the server is frozen, and closes at once', async () => {
    await using server = await startRedis();
    const backend = new RedisBackend(server.url, await backendSettings({ timeoutMs: 300 }));
    await backend.connect();
    server.freeze();
    await expect(backend.store(aMeta({ taskId: 't' }), NOWHERE)).rejects.toThrow(BackendUnavailableError);
    await backend.close();
    server.thaw();
  });

  it('fails fast where nobody listens', async () => {
    const backend = new RedisBackend('redis://127.0.0.1:1', await backendSettings());
    await expect(backend.connect({ failFast: true })).rejects.toThrow('redis://127.0.0.1:1');
    await backend.close();
  });

  it('leaves no subscription behind', async () => {
    const url = inject('redisUrl');
    const backend = new RedisBackend(url, await backendSettings());
    const redis = new Redis(url);
    const key = `celery-task-meta-${randomUUID()}`;
    const taskId = key.slice('celery-task-meta-'.length);
    const told = new Promise<TaskMeta>((resolve) => {
      const unwatch = backend.watch(taskId, (meta) => {
        unwatch();
        resolve(meta);
      });
    });
    await backend.store(aMeta({ taskId }), NOWHERE);
    await told;
    await expect.poll(() => redis.pubsub('NUMSUB', key)).toEqual([key, 0]);
    redis.disconnect();
    await backend.close();
  });

  it('ends subscriptions together, a moment after nobody waits any more', async () => {
    const url = inject('redisUrl');
    const clock = new FakeClock();
    const backend = new RedisBackend(url, await backendSettings({ clock }));
    const redis = new Redis(url);
    const [once, twice] = [randomUUID(), randomUUID()];
    const heard = async () =>
      (await redis.pubsub('NUMSUB', keyOf(once), keyOf(twice))).filter((_, index) => index % 2 === 1);
    const unwatch = [once, twice].map((taskId) => backend.watch(taskId, () => undefined));
    await expect.poll(heard).toEqual([1, 1]);
    for (const end of unwatch) end();
    await clock.advance(99);
    backend.watch(twice, () => undefined);
    expect(await heard()).toEqual([1, 1]);
    await clock.advance(1);
    await expect.poll(heard).toEqual([0, 1]);
    redis.disconnect();
    await backend.close();
  });

  it("keeps a group under Celery's key for as long as results, and restores what Python saved", async () => {
    const url = inject('redisUrl');
    const groupId = randomUUID();
    const transportOptions = { globalKeyprefix: 'pfx' };
    const backend = new RedisBackend(url, await backendSettings({ transportOptions }));
    const redis = new Redis(url);
    const key = `pfx_celery-taskset-meta-${groupId}`;
    const tuple = [
      ['U2', null],
      [
        [['U1', null], null],
        [['U4', null], null],
      ],
    ];
    await backend.saveGroup(groupId, tuple);
    expect(JSON.parse((await redis.get(key)) ?? '')).toEqual({ result: tuple });
    expect(await redis.pttl(key)).toBeGreaterThan(86_000_000);
    await redis.set(key, '{"result": [["U2", null], [[["U1", null], null]]]}');
    expect(await backend.restoreGroup(groupId)).toEqual([['U2', null], [[['U1', null], null]]]);
    await redis.set(key, '["no group"]');
    await expect(backend.restoreGroup(groupId)).rejects.toThrow(UndecodableMessageError);
    await backend.deleteGroup(groupId);
    expect(await redis.exists(key)).toBe(0);
    redis.disconnect();
    await backend.close();
  });
});
