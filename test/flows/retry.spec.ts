import { describe, expect, it } from 'vitest';
import { PublishError } from '../../lib/errors.js';
import { Ignore, Reject } from '../../lib/task/task.signals.js';
import { eventually } from '../support/eventually.js';
import { startWorld } from './world.js';

class Busy extends Error {
  override readonly name = 'Busy';
}

describe('retry', () => {
  it('runs again after the wait, as the same task with one retry more', async () => {
    const attempts: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        flaky: (task) => {
          attempts.push([task.id, task.retries, task.parentId, task.rootId, task.args]);
          if (task.retries === 0) task.retry({ countdown: 10, cause: new Busy('later') });
          return 'done';
        },
      },
    });

    const id = await world.send('flaky', ['a']);
    const retried = await world.until(id, 'RETRY');

    expect(retried).toMatchObject({
      result: { exc_type: 'Busy', exc_message: ['later'] },
      dateDone: undefined,
    });
    await world.clock.advance(9_999);
    expect(attempts).toHaveLength(1);
    await world.clock.advance(1);
    expect((await world.until(id, 'SUCCESS')).result).toBe('done');
    expect(attempts).toEqual([
      [id, 0, undefined, id, ['a']],
      [id, 1, id, id, ['a']],
    ]);
    expect(world.lines).toContainEqual(`log Task flaky[${id}] retry: Retry in 10s: Busy('later')`);
  });

  it('may change the arguments', async () => {
    await using world = await startWorld({
      tasks: {
        flaky: (task) => (task.retries === 0 ? task.retry({ countdown: 0, args: ['new'] }) : task.args),
      },
    });
    const id = await world.send('flaky', ['old']);
    expect((await world.until(id, 'SUCCESS')).result).toEqual(['new']);
  });

  it('comes by itself for the errors of autoretryFor, with a growing wait, until none is left', async () => {
    const waits: number[] = [];
    await using world = await startWorld({
      tasks: {
        flaky: {
          autoretryFor: [Busy],
          retryBackoff: true,
          retryJitter: false,
          maxRetries: 2,
          run: () => {
            waits.push(world.clock.monotonicMs());
            throw new Busy('no');
          },
        },
      },
    });
    const id = await world.send('flaky');
    await world.until(id, 'RETRY');
    await world.clock.advance(10_000);
    const meta = await world.until(id, 'FAILURE');
    expect(waits).toEqual([0, 1_000, 3_000]);
    expect(world.results.statesOf(id)).toEqual(['RETRY', 'RETRY', 'FAILURE']);
    expect(meta).toMatchObject({ result: { exc_type: 'Busy', exc_message: ['no'], exc_module: 'js' } });
  });

  it('fails with MaxRetriesExceeded when nothing better is known', async () => {
    await using world = await startWorld({
      tasks: { flaky: { maxRetries: 0, run: (task) => task.retry() } },
    });
    const meta = await world.until(await world.send('flaky'), 'FAILURE');
    expect(meta.result).toMatchObject({
      exc_type: 'MaxRetriesExceededError',
      exc_module: 'celery.exceptions',
    });
  });

  it('fails the task for an option that does not exist, naming the one that was meant', async () => {
    await using world = await startWorld({
      tasks: { flaky: (task) => task.retry({ countDown: 5 } as never) },
    });
    const id = await world.send('flaky');
    expect((await world.until(id, 'FAILURE')).result).toMatchObject({
      exc_message: ['retry.countDown: unknown option. Did you mean countdown?'],
    });
  });

  it('is not undone by code that swallows what retry() threw', async () => {
    await using world = await startWorld({
      tasks: {
        swallowing: (task) => {
          if (task.retries > 0) return 'second';
          try {
            task.retry({ countdown: 0 });
          } catch {
            return 'first';
          }
        },
      },
    });
    expect((await world.until(await world.send('swallowing'), 'SUCCESS')).result).toBe('second');
  });

  it('keeps what follows: callbacks run once, after the attempt that succeeded', async () => {
    const noted: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        flaky: (task) => (task.retries === 0 ? task.retry({ countdown: 0 }) : 'done'),
        note: ({ args }) => void noted.push(args),
      },
    });
    const link = {
      kind: 'task' as const,
      task: 'note',
      args: ['x'],
      kwargs: {},
      options: {},
      immutable: false,
    };
    await world.until(await world.send('flaky', [], { link }), 'SUCCESS');
    await eventually(() => noted.length > 0);
    await world.idle();
    expect(noted).toEqual([['done', 'x']]);
  });

  it('that cannot be published hands a late-acknowledged message back, to be run again', async () => {
    let runs = 0;
    let down = true;
    await using world = await startWorld({
      tasks: {
        flaky: {
          acksLate: true,
          run: (task) => {
            runs += 1;
            if (task.retries === 0) task.retry({ countdown: 0 });
            return 'done';
          },
        },
      },
    });
    const resend = world.producer.resend.bind(world.producer);
    world.producer.resend = (retry) =>
      down ? Promise.reject(new PublishError('celery', false, 'down')) : resend(retry);
    const id = await world.send('flaky');
    await eventually(() => runs === 1 && world.lines.some((line) => line.includes('could not be settled')));
    expect(world.results.statesOf(id)).toEqual([]);
    down = false;
    await world.clock.advance(1_000);
    await world.until(id, 'SUCCESS');
    expect(runs).toBe(3);
  });

  it('that cannot be published fails a task whose message is gone', async () => {
    await using world = await startWorld({ tasks: { flaky: (task) => task.retry({ countdown: 0 }) } });
    world.producer.resend = () => Promise.reject(new PublishError('celery', true, 'down'));
    const meta = await world.until(await world.send('flaky'), 'FAILURE');
    expect(meta.result).toMatchObject({ exc_type: 'PublishError' });
  });
});

describe('ignore and reject', () => {
  it('ignore settles the message and stores nothing', async () => {
    await using world = await startWorld({
      tasks: {
        skip: {
          acksLate: true,
          run: () => {
            throw new Ignore();
          },
        },
      },
    });
    const id = await world.send('skip');
    await eventually(() => world.worker.status.processed === 1);
    expect(world.results.stored).toEqual([]);
    expect(world.lines).toContainEqual(`log Task skip[${id}] ignored`);
    expect(await world.broker.size('celery')).toBe(0);
  });

  it('reject dead-letters where the queue is set up so', async () => {
    await using world = await startWorld({
      tasks: {
        bad: {
          acksLate: true,
          run: () => {
            throw new Reject('no use');
          },
        },
      },
      producer: {
        taskQueues: [
          {
            name: 'celery',
            deadLetterExchange: '',
            deadLetterRoutingKey: 'dead',
          },
        ],
      },
    });
    const { plainQueue } = await import('../../lib/broker/topology.js');
    await world.broker.declareQueue(plainQueue('dead'));
    const id = await world.send('bad');
    const [dead] = await world.take('dead', 1);
    expect(dead?.message.headers['id']).toBe(id);
    expect(world.results.last(id)?.result).toEqual({
      exc_type: 'Reject',
      exc_message: ['no use', false],
      exc_module: 'celery.exceptions',
    });
  });

  it('reject with requeue runs it again at once, then with a pause: no hot loop', async () => {
    let runs = 0;
    await using world = await startWorld({
      tasks: {
        again: {
          acksLate: true,
          run: () => {
            runs += 1;
            throw new Reject('not here', { requeue: true });
          },
        },
      },
    });
    await world.send('again');
    await eventually(() => runs === 2);
    await world.clock.advance(999);
    expect(runs).toBe(2);
    await world.clock.advance(1);
    await eventually(() => runs === 3);
    expect(world.results.stored).toEqual([]);
  });
});
