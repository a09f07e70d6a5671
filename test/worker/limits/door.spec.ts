import { expect, it } from 'vitest';
import type { TaskMessage } from '../../../lib/message/task-message.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { parametersOf } from '../../../lib/task/parameters.js';
import { readTaskOptions } from '../../../lib/task/read-task-options.js';
import type { TaskOptions } from '../../../lib/task/task.options.js';
import { Door } from '../../../lib/worker/limits/door.js';
import type { Answer, LimitStore, Wish } from '../../../lib/worker/limits/limit-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { taskDefaults } from '../../task/defaults.js';
import { aTaskMessage } from '../a-task-message.js';

/** A door whose store answers so, and what it was asked. */
function aDoor(options: Partial<TaskOptions>, answer: () => Promise<Answer>) {
  const clock = new FakeClock();
  const asked: Wish[] = [];
  const never = async (): Promise<never> => {
    throw new Error('a door takes nothing');
  };
  const store: LimitStore = {
    promise: (wish) => {
      asked.push(wish);
      return answer();
    },
    ask: never,
    lineUp: never,
    leave: never,
    forget: never,
    renew: never,
  };
  const definition = {
    name: 'job',
    source: 'job',
    config: readTaskOptions({ name: 'job', ...options }, taskDefaults()),
    parameters: parametersOf((tenant: string) => tenant, { typing: false }),
  };
  const tasks = { get: (name: string) => (name === 'job' ? definition : undefined) };
  const door = new Door({ store, tasks, clock, random: () => 0.5, log: silentLog });
  const ask = async (wish: Partial<TaskMessage> = {}) => {
    const untilMs = await door.closedUntil(aTaskMessage({ task: 'job', args: ['a'], ...wish }));
    return untilMs === undefined ? undefined : untilMs - clock.now();
  };
  return { ask, asked, clock };
}

const perTenant = { concurrency: { max: 2, key: (tenant: string) => tenant } };
const full = async (): Promise<Answer> => ({ answer: 'concurrency', waitMs: 5_000 });

it('tells until when a message is behind others of its key', async () => {
  const { ask, asked } = aDoor(perTenant, full);
  expect(await ask()).toBe(5_000);
  expect(asked[0]?.concurrency).toEqual({ key: 'job/a', max: 2 });
});

it('tells nothing where there is room', async () => {
  const { ask, asked } = aDoor({ rateLimit: { max: 1, per: '1h' } }, async () => ({ answer: 'go' }));
  expect(await ask()).toBeUndefined();
  expect(asked).toHaveLength(1);
});

it.each([
  ['a task without a limit', {}, {}],
  ['a limit of each worker by itself', { rateLimit: '1/h' as const }, {}],
  ['a task that this process does not know', perTenant, { task: 'other' }],
  ['a message that is due later: it asks then', perTenant, { etaMs: 1 }],
])('asks nobody about %s', async (_title, options, message) => {
  const { ask, asked } = aDoor(options, full);
  expect(await ask(message)).toBeUndefined();
  expect(asked).toEqual([]);
});

it('keeps nobody waiting for a store that is away, and asks again later', async () => {
  let away: Promise<Answer> = Promise.reject(new Error('away'));
  const { ask, asked, clock } = aDoor(perTenant, () => away);
  expect(await ask()).toBeUndefined();
  expect(await ask()).toBeUndefined();
  expect(asked).toHaveLength(1);

  away = new Promise(() => undefined);
  await clock.advance(5_000);
  const silent = ask();
  await clock.advance(1_000);
  expect(await silent).toBeUndefined();

  away = full();
  await clock.advance(5_000);
  expect(await ask()).toBe(5_000);
});

it('tells nothing when the key cannot be made', async () => {
  const { ask } = aDoor({ concurrency: { max: 1, key: () => Promise.resolve('a') as never } }, full);
  expect(await ask()).toBeUndefined();
});
