import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { controlled } from './control.world.js';

const pair = () => ({
  url: `memory://${randomUUID()}`,
  clock: new FakeClock(new Date('2026-11-21T04:18:00.000Z')),
});

it('a paused queue is left alone by every worker, also one that starts later, until it is resumed', async () => {
  const shared = pair();
  const tasks = { work: () => 1 };
  await using w1 = await controlled({ ...shared, tasks, worker: { queues: ['mail', 'other'] } });
  expect(await w1.control.isQueuePaused('mail')).toBe(false);

  const replies = await w1.control.pauseQueue('mail', { limit: 1 });

  expect(replies).toMatchObject([{ hostname: 'w1@vm', value: 'queue mail paused' }]);
  expect(await w1.control.isQueuePaused('mail')).toBe(true);
  await using w2 = await controlled({ ...shared, tasks, worker: { hostname: 'w2@vm', queues: ['mail'] } });
  expect([w1, w2].map(({ worker }) => worker.queues.map(({ name }) => name))).toEqual([['other'], []]);
  const taskId = await w1.send('work', [], { queue: 'mail' });
  const other = await w1.send('work', [], { queue: 'other' });
  await w1.until(other, 'SUCCESS');
  expect(await w1.broker.size('mail')).toBe(1);

  const resumed = await w1.control.resumeQueue('mail', { limit: 2 });

  expect(resumed.map(({ value }) => value)).toEqual(['queue mail resumed', 'queue mail resumed']);
  await eventually(() => [w1, w2].some(({ results }) => results.last(taskId)?.status === 'SUCCESS'));
  expect(await w1.control.isQueuePaused('mail')).toBe(false);
  await using w3 = await controlled({ ...shared, tasks, worker: { hostname: 'w3@vm', queues: ['mail'] } });
  expect(w3.worker.queues.map(({ name }) => name)).toEqual(['mail']);
});

it('pausing twice, and resuming what is not paused, is fine', async () => {
  await using w1 = await controlled({ tasks: {}, worker: { queues: ['mail'] } });
  const one = { limit: 1 };
  await w1.control.pauseQueue('mail', one);

  expect(await w1.control.pauseQueue('mail', one)).toMatchObject([{ value: 'queue mail paused' }]);
  expect(await w1.control.pauseQueue('nope', one)).toMatchObject([
    { value: 'queue nope is not consumed here' },
  ]);
  expect(await w1.control.resumeQueue('nope', one)).toMatchObject([
    { value: 'queue nope was not paused here' },
  ]);
  expect(await w1.control.resumeQueue('mail', one)).toMatchObject([{ value: 'queue mail resumed' }]);
  expect(await w1.control.resumeQueue('mail', one)).toMatchObject([
    { value: 'queue mail was not paused here' },
  ]);
  expect(w1.worker.queues.map(({ name }) => name)).toEqual(['mail']);
});
