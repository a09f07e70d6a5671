import { describe, expect, it } from 'vitest';
import type { Batch } from '../../lib/context/batch.js';
import type { TaskContext } from '../../lib/context/task.context.js';
import { parametersOf } from '../../lib/task/parameters.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { Ignore } from '../../lib/task/task.signals.js';
import { batchHandler } from '../../lib/worker/batch/batch.handler.js';
import { eventually } from '../support/eventually.js';
import { gate, startWorld, type World } from './world.js';

class Busy extends Error {}

const anything = parametersOf((..._args: never[]) => undefined, { params: ['...args'] });
const batchOf = (
  size: number,
  run: (batch: Batch, task: TaskContext) => unknown,
  options: Omit<TaskOptions, 'batch'> = {},
) => ({
  batch: { size, wait: '2s' } as const,
  ...options,
  run: batchHandler(anything, (task, batch) => run(batch, task)),
});
/** What each call got: the first arguments of its items. */
const recorded = () => {
  const calls: unknown[][] = [];
  return { calls, note: (batch: Batch) => void calls.push(batch.map(({ args }) => args[0])) };
};
const sendAll = async (world: World, task: string, values: readonly unknown[]): Promise<string[]> => {
  const ids: string[] = [];
  for (const value of values) ids.push(await world.send(task, [value]));
  return ids;
};
const gathered = (world: World, count: number) => eventually(() => world.worker.status.waiting === count);

describe('messages of a batch task', () => {
  it('run in one call as soon as there are enough of them, each with its own result', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({
      tasks: { index: batchOf(3, (batch) => (note(batch), batch.map(({ args: [n] }) => Number(n) * 10))) },
    });
    const ids = await sendAll(world, 'index', [1, 2, 3, 4]);
    await world.until(ids[2] ?? '', 'SUCCESS');
    expect(ids.slice(0, 3).map((id) => world.results.last(id)?.result)).toEqual([10, 20, 30]);
    expect(calls).toEqual([[1, 2, 3]]);
    await gathered(world, 1);
  });

  it('wait for others no longer than they may', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({ tasks: { index: batchOf(100, note) } });
    const ids = await sendAll(world, 'index', ['a', 'b']);
    await gathered(world, 2);
    await world.clock.advance(1_999);
    expect(calls).toEqual([]);
    await world.clock.advance(1);
    await world.until(ids[1] ?? '', 'SUCCESS');
    expect(calls).toEqual([['a', 'b']]);
    expect(world.results.last(ids[0] ?? '')?.result).toBeNull();
  });

  it('are gathered for each task by itself, take one place of the pool, and more join while they wait for it', async () => {
    const { calls, note } = recorded();
    const door = gate();
    await using world = await startWorld({
      tasks: { index: batchOf(3, note), other: batchOf(3, note), slow: () => door.opened },
      worker: { concurrency: 1, prefetchMultiplier: 10 },
    });
    await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    await sendAll(world, 'index', ['a']);
    await gathered(world, 1);
    await world.clock.advance(2_000);
    await sendAll(world, 'other', ['x']);
    await sendAll(world, 'index', ['b', 'c', 'd']);
    await gathered(world, 5);
    expect(world.worker.status.pools).toMatchObject([{ running: 1, waiting: 1 }]);
    door.open();
    await eventually(() => calls.length === 1);
    expect(calls).toEqual([['a', 'b', 'c']]);
    await world.clock.advance(2_000);
    await eventually(() => calls.length === 3);
    expect(calls).toEqual([['a', 'b', 'c'], ['x'], ['d']]);
  });

  it('end each by themselves: a result, a retry, a failure, a rejection, an ignored one, wrong arguments', async () => {
    const named = parametersOf((_what: never) => undefined);
    await using world = await startWorld({
      tasks: {
        index: {
          batch: { size: 6, wait: '2s' },
          acksLate: true,
          run: batchHandler(named, (_task, batch) =>
            batch.map((item) => {
              const [what] = item.args;
              if (item.retries > 0) return `retried ${item.retries}`;
              if (what === 'retry') return item.retry({ countdown: 5 });
              if (what === 'fail') return item.fail(new Busy('now'));
              if (what === 'reject') return item.reject('not ours');
              return what === 'ignore' ? item.ignore() : what;
            }),
          ),
        },
      },
    });
    const [ok = '', retry = '', fail = '', reject = '', ignore = ''] = await sendAll(world, 'index', [
      'ok',
      'retry',
      'fail',
      'reject',
      'ignore',
    ]);
    const wrong = await world.send('index', [1, 2]);
    await world.until(wrong, 'FAILURE');
    await eventually(() => world.worker.status.running === 0);
    expect(world.results.last(ok)?.result).toBe('ok');
    expect(world.results.last(retry)?.status).toBe('RETRY');
    expect(world.results.last(fail)?.result).toMatchObject({ exc_type: 'Busy', exc_message: ['now'] });
    expect(world.results.last(reject)?.result).toMatchObject({ exc_type: 'Reject' });
    expect(world.results.last(ignore)).toBeUndefined();
    expect(world.results.last(wrong)?.result).toMatchObject({ exc_type: 'TypeError' });
    await world.clock.advance(5_000);
    await gathered(world, 1);
    await world.clock.advance(2_000);
    expect((await world.until(retry, 'SUCCESS')).result).toBe('retried 1');
  });

  it('fail together when their handler throws, or are retried together', async () => {
    const boom = (): never => {
      throw new Busy('later');
    };
    await using world = await startWorld({
      tasks: {
        failing: batchOf(2, boom),
        again: batchOf(2, boom, { autoretryFor: [Busy], maxRetries: 1, defaultRetryDelay: 0 }),
        asked: batchOf(2, (_batch, task) => task.retry({ countdown: 60 })),
        ignoring: batchOf(2, () => {
          throw new Ignore();
        }),
      },
    });
    for (const id of await sendAll(world, 'failing', [1, 2])) await world.until(id, 'FAILURE');
    for (const id of await sendAll(world, 'asked', [1, 2])) await world.until(id, 'RETRY');
    await sendAll(world, 'ignoring', [1, 2]);
    for (const id of await sendAll(world, 'again', [1, 2])) {
      await world.until(id, 'FAILURE');
      expect(world.results.statesOf(id)).toEqual(['RETRY', 'FAILURE']);
    }
  });

  it.each<[what: string, returned: unknown, says: RegExp]>([
    ['too few results', ['one'], /index returned 1 results for 2 items\. Return a list with one/],
    ['no list', 'done', /index returned no list \(string\)/],
  ])('fail when it returns %s', async (_what, returned, says) => {
    await using world = await startWorld({ tasks: { index: batchOf(2, () => returned) } });
    for (const id of await sendAll(world, 'index', [1, 2])) {
      const { result } = await world.until(id, 'FAILURE');
      expect(result).toMatchObject({ exc_type: 'BatchResultError' });
      expect(JSON.stringify(result)).toMatch(says);
    }
  });

  it('that were revoked or have expired while they were gathered leave the others to run', async () => {
    const { calls, note } = recorded();
    const revoked = new Set<string>();
    await using world = await startWorld({
      tasks: { index: batchOf(4, note) },
      deps: { isRevoked: ({ id }) => revoked.has(id) },
    });
    const [gone = ''] = await sendAll(world, 'index', ['gone']);
    const late = await world.send('index', ['late'], { expires: 1 });
    const kept = await world.send('index', ['kept']);
    await gathered(world, 3);
    revoked.add(gone);
    await world.clock.advance(2_000);
    await world.until(kept, 'SUCCESS');
    expect([gone, late].map((id) => world.results.last(id)?.status)).toEqual(['REVOKED', 'REVOKED']);
    expect(calls).toEqual([['kept']]);
  });

  it('are acknowledged before their call, or after it', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: {
        early: batchOf(2, () => door.opened),
        late: batchOf(2, () => door.opened, { acksLate: true }),
      },
      worker: { concurrency: 2 },
    });
    await sendAll(world, 'early', [1, 2]);
    await eventually(() => world.worker.status.running === 2);
    expect(world.broker.held.size).toBe(0);
    const ids = await sendAll(world, 'late', [1, 2]);
    await eventually(() => world.worker.status.running === 4);
    expect(world.broker.held.size).toBe(2);
    door.open();
    for (const id of ids) await world.until(id, 'SUCCESS');
    await world.idle();
    expect(world.broker.held.size).toBe(0);
  });

  it('go back at once when the worker stops while they are gathered', async () => {
    await using world = await startWorld({ tasks: { index: batchOf(10, () => undefined) } });
    await sendAll(world, 'index', [1, 2, 3]);
    await gathered(world, 3);
    await world.worker.stop();
    expect(await world.broker.size('celery')).toBe(3);
    expect(world.clock.timers).toBe(0);
  });

  it('go back when a shutdown cuts their call short, where they are acknowledged late', async () => {
    const reasons: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        deaf: batchOf(
          2,
          (batch, { signal }) => {
            signal.addEventListener('abort', () => reasons.push(signal.reason));
            for (const { task } of batch) task.signal.addEventListener('abort', () => reasons.push(task.id));
            return new Promise(() => undefined);
          },
          { acksLate: true },
        ),
      },
    });
    const ids = await sendAll(world, 'deaf', [1, 2]);
    await eventually(() => world.worker.status.running === 2);
    const stopped = world.worker.stop(0);
    await world.clock.advance(5_000);
    await stopped;
    expect(await world.broker.size('celery')).toBe(2);
    expect(reasons).toHaveLength(3);
    expect(reasons).toEqual(
      expect.arrayContaining([...ids, expect.objectContaining({ code: 'WORKER_SHUTTING_DOWN' })]),
    );
    expect(world.worker.status.leaked).toBe(1);
  });

  it('keep to the shortest time limit among them', async () => {
    await using world = await startWorld({
      tasks: {
        soft: batchOf(
          2,
          (_batch, { signal }) =>
            new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason as Error)),
            ),
        ),
        hard: batchOf(2, () => new Promise(() => undefined), { timeLimit: 30 }),
      },
    });
    const patient = await world.send('soft', [1]);
    const hurried = await world.send('soft', [2], { softTimeLimit: 3 });
    await eventually(() => world.worker.status.running === 2);
    await world.clock.advance(3_000);
    for (const id of [patient, hurried])
      expect((await world.until(id, 'FAILURE')).result).toMatchObject({ exc_type: 'SoftTimeLimitExceeded' });
    const ids = await sendAll(world, 'hard', [1, 2]);
    await eventually(() => world.worker.status.running === 2);
    await world.clock.advance(30_000);
    for (const id of ids)
      expect((await world.until(id, 'FAILURE')).result).toMatchObject({ exc_type: 'TimeLimitExceeded' });
    expect(world.lines.filter((line) => line.includes('Hard time limit'))).toHaveLength(2);
    expect(world.worker.status.leaked).toBe(1);
  });

  it('are counted in their rate limit one by one, before they are gathered', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({
      tasks: { index: batchOf(2, note, { rateLimit: '1/s' }) },
      worker: { etaHold: '1m' },
    });
    await sendAll(world, 'index', [1, 2]);
    await eventually(() => world.worker.status.held === 1);
    expect(calls).toEqual([]);
    await world.clock.advance(1_000);
    await eventually(() => calls.length === 1);
    expect(calls).toEqual([[1, 2]]);
  });

  it('run alone where a worker gathers none', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({
      tasks: { index: batchOf(10, note) },
      worker: { gatherBatches: false },
    });
    for (const id of await sendAll(world, 'index', [1, 2])) await world.until(id, 'SUCCESS');
    expect(calls).toEqual([[1], [2]]);
  });
});

describe('a worker with batch tasks', () => {
  it('says at its start when a batch can never be full, and runs what it has when the wait is over', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({
      tasks: {
        index: batchOf(100, note),
        fits: batchOf(4, note),
      },
      worker: { concurrency: 1, prefetchMultiplier: 4 },
    });
    expect(world.lines).toContainEqual(
      'warn Task index gathers 100 messages for a call, but this worker takes only 4 ahead. Its batches run with fewer, ' +
        'each time its wait of 2s is over: raise prefetchMultiplier or concurrency, or lower batch.size.',
    );
    expect(world.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    await sendAll(world, 'index', [1, 2, 3, 4, 5]);
    await gathered(world, 4);
    await world.clock.advance(2_000);
    await gathered(world, 1);
    await world.clock.advance(2_000);
    await eventually(() => calls.length === 2);
    expect(calls).toEqual([[1, 2, 3, 4], [5]]);
  });
});

describe('batch tasks under limits', () => {
  it('gather what may start by the rate, and wait no longer than they may', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({
      tasks: { index: batchOf(10, note, { rateLimit: '1/s' }) },
      worker: { concurrency: 1, prefetchMultiplier: 20 },
    });
    const ids = await sendAll(world, 'index', [1, 2, 3, 4]);
    for (let second = 0; second < 8; second += 1) await world.clock.advance(1_000);
    await world.until(ids[3] ?? '', 'SUCCESS');
    expect(calls.flat()).toEqual([1, 2, 3, 4]);
    expect(Math.max(...calls.map((call) => call.length))).toBeLessThanOrEqual(3);
  });

  it('never have more messages of a key in hand than may run at once', async () => {
    const { calls, note } = recorded();
    await using world = await startWorld({
      tasks: {
        index: batchOf(10, note, { concurrency: { max: 2, key: (tenant: string) => tenant } }),
      },
      worker: { concurrency: 1, prefetchMultiplier: 20 },
    });
    const ids: string[] = [];
    for (const tenant of ['a', 'a', 'a', 'b', 'a', 'b', 'b']) ids.push(await world.send('index', [tenant]));
    for (let step = 0; step < 8; step += 1) await world.clock.advance(2_000);
    await eventually(() => calls.flat().length === 7);
    for (const call of calls) {
      expect(call.filter((tenant) => tenant === 'a').length).toBeLessThanOrEqual(2);
      expect(call.filter((tenant) => tenant === 'b').length).toBeLessThanOrEqual(2);
    }
    for (const id of ids) await world.until(id, 'SUCCESS');
  });
});
