import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { RedisNotices, type NoticesDeps } from '../../lib/backend/redis.notices.js';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import type { LinkHooks, RedisLink } from '../../lib/redis/redis.link.js';
import type { RedisClient } from '../../lib/redis/redis.client.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { aMeta } from '../conformance/result-backend.conformance.js';

/** Documents are statuses here; `stored` is what reading finds, and `announce` what comes by pub/sub. */
const aWorld = async (stored: TaskMeta['status']) => {
  const client = Object.assign(new EventEmitter(), { subscribe: async () => 1, unsubscribe: async () => 1 });
  let hooks: LinkHooks = {};
  const link = { up: true, start() {}, close() {}, run: (send: (some: unknown) => unknown) => send(client) };
  const told: TaskMeta['status'][] = [];
  const notices = new RedisNotices({
    prefix: 'key-',
    openLink: (given: LinkHooks) => {
      hooks = given;
      return link as unknown as RedisLink;
    },
    read: async (taskIds: readonly string[]) => taskIds.map(() => Buffer.from(stored)),
    decode: (document: Buffer, taskId: string) => aMeta({ taskId, status: document.toString() as 'SUCCESS' }),
    pollingIntervalMs: 60_000,
    clock: new FakeClock(),
  } satisfies NoticesDeps);
  await hooks.prepare?.(client as unknown as RedisClient);
  return {
    told,
    notices,
    watch: () => notices.watch('id', ({ status }) => void told.push(status)),
    announce: (status: TaskMeta['status']) =>
      void client.emit('messageBuffer', Buffer.from('key-id'), Buffer.from(status)),
  };
};

it.each([
  {
    tells: 'nothing more after a success: what was announced before it may come later than it was read',
    stored: 'SUCCESS',
    announced: ['RETRY', 'SUCCESS'],
    heard: ['SUCCESS'],
  },
  {
    tells: 'each state up to a success',
    stored: 'STARTED',
    announced: ['RETRY', 'FAILURE', 'SUCCESS'],
    heard: ['STARTED', 'RETRY', 'FAILURE', 'SUCCESS'],
  },
] as const)('tells $tells', async ({ stored, announced, heard }) => {
  const { told, watch, announce } = await aWorld(stored);
  watch();
  await eventually(() => told.length === 1);
  for (const status of announced) announce(status);
  expect(told).toEqual(heard);
});

it('tells whoever comes after a success of it too', async () => {
  const { told, watch, notices } = await aWorld('SUCCESS');
  watch();
  await eventually(() => told.length === 1);
  const late: TaskMeta['status'][] = [];
  notices.watch('id', ({ status }) => void late.push(status));
  await eventually(() => late.length === 1);
  expect(late).toEqual(['SUCCESS']);
});
