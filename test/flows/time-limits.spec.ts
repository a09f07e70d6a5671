import { describe, expect, it } from 'vitest';
import { ControlClient } from '../../lib/control/control.client.js';
import { eventually } from '../support/eventually.js';
import { gate, startWorld } from './world.js';

describe('the soft time limit', () => {
  it('aborts the signal; what fetch and its like make of that is the limit', async () => {
    await using world = await startWorld({
      tasks: {
        slow: {
          softTimeLimit: 2,
          run: ({ signal }) =>
            new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError'))),
            ),
        },
      },
    });
    const id = await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    await world.clock.advance(2_000);
    const meta = await world.until(id, 'FAILURE');
    expect(meta.result).toMatchObject({
      exc_type: 'SoftTimeLimitExceeded',
      exc_module: 'billiard.exceptions',
    });
    expect(world.clock.timers).toBe(0);
  });

  it('lets a handler clean up and succeed', async () => {
    await using world = await startWorld({
      tasks: {
        slow: {
          softTimeLimit: 2,
          run: ({ signal }) =>
            new Promise((resolve) => signal.addEventListener('abort', () => resolve('partial'))),
        },
      },
    });
    const id = await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    await world.clock.advance(2_000);
    expect((await world.until(id, 'SUCCESS')).result).toBe('partial');
  });

  it('is there for a handler that looks only afterwards', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: {
        slow: {
          softTimeLimit: 2,
          run: async (task) => {
            await door.opened;
            task.signal.throwIfAborted();
          },
        },
      },
    });
    const id = await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    await world.clock.advance(2_000);
    door.open();
    expect((await world.until(id, 'FAILURE')).result).toMatchObject({ exc_type: 'SoftTimeLimitExceeded' });
  });
});

describe('the hard time limit', () => {
  it('fails the task whatever its handler does, and counts the handler until it ends', async () => {
    const door = gate();
    await using world = await startWorld({
      tasks: { stuck: { timeLimit: 5, run: () => door.opened }, next: () => 1 },
      worker: { concurrency: 1 },
    });
    const id = await world.send('stuck');
    await eventually(() => world.worker.status.running === 1);
    await world.clock.advance(5_000);
    const meta = await world.until(id, 'FAILURE');
    expect(meta).toMatchObject({
      result: { exc_type: 'TimeLimitExceeded', exc_message: [5], exc_module: 'billiard.exceptions' },
      traceback: undefined,
    });
    await world.until(await world.send('next'), 'SUCCESS');
    expect(world.worker.status.leaked).toBe(1);
    door.open();
    await eventually(() => world.worker.status.leaked === 0);
    expect(world.results.statesOf(id)).toEqual(['FAILURE']);
  });

  it('that is changed while the worker runs wins over the worker, and the one a message brings over it', async () => {
    await using world = await startWorld({
      tasks: {
        plain: () => new Promise(() => undefined),
        // As in Celery, its limit travels with its messages.
        own: { timeLimit: 50, run: () => new Promise(() => undefined) },
      },
      worker: { timeLimit: 100, concurrency: 4 },
    });
    const control = new ControlClient({ ...world, connectTimeoutMs: 4_000 });
    const w1 = { destination: world.worker.hostname };
    await control.ask('time_limit', { task_name: 'plain', hard: 20 }, w1);
    await control.ask('time_limit', { task_name: 'own', hard: 20 }, w1);
    const plain = await world.send('plain');
    const called = await world.send('plain', [], { timeLimit: 30 });
    const own = await world.send('own');
    await eventually(() => world.worker.status.running === 3);
    const limitOf = async (id: string) => (await world.until(id, 'FAILURE')).result;
    await world.clock.advance(20_000);
    expect(await limitOf(plain)).toMatchObject({ exc_message: [20] });
    await world.clock.advance(10_000);
    expect(await limitOf(called)).toMatchObject({ exc_message: [30] });
    await world.clock.advance(20_000);
    expect(await limitOf(own)).toMatchObject({ exc_message: [50] });
    await control.close();
  });

  it('of the call wins over that of the task, that over the worker', async () => {
    await using world = await startWorld({
      tasks: {
        stuck: () => new Promise(() => undefined),
        own: { timeLimit: 50, run: () => new Promise(() => undefined) },
      },
      worker: { timeLimit: 100, concurrency: 4 },
    });
    const called = await world.send('own', [], { timeLimit: 10 });
    const own = await world.send('own');
    const worker = await world.send('stuck');
    await eventually(() => world.worker.status.running === 3);
    const limitOf = async (id: string) => (await world.until(id, 'FAILURE')).result;
    await world.clock.advance(10_000);
    expect(await limitOf(called)).toMatchObject({ exc_message: [10] });
    await world.clock.advance(40_000);
    expect(await limitOf(own)).toMatchObject({ exc_message: [50] });
    await world.clock.advance(50_000);
    expect(await limitOf(worker)).toMatchObject({ exc_message: [100] });
  });
});
