import { describe, expect, it } from 'vitest';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { gate, startWorld } from './world.js';

describe('a task', () => {
  it('runs with its arguments, and its result is stored and logged', async () => {
    await using world = await startWorld({
      tasks: { 'math.add': ({ args: [a, b] }) => Number(a) + Number(b) },
      worker: { hostname: 'w1@host' },
    });

    const id = await world.send('math.add', [2, 3]);
    const meta = await world.until(id, 'SUCCESS');

    expect(meta).toMatchObject({
      result: 5,
      traceback: undefined,
      children: [],
      dateDone: '2026-11-21T04:18:00.000000+00:00',
    });
    await world.idle();
    expect(world.lines.slice(1)).toEqual([
      `log Task math.add[${id}] received`,
      `log Task math.add[${id}] succeeded in 0.000s: 5`,
    ]);
    expect(await world.broker.size('celery')).toBe(0);
  });

  it('stores nothing when its result is ignored, by the task or by the call', async () => {
    await using world = await startWorld({
      tasks: { quiet: { ignoreResult: true, trackStarted: true, run: () => 1 }, loud: () => 2 },
    });
    const quiet = await world.send('quiet');
    const asked = await world.send('loud', [], { ignoreResult: true });
    await world.idle();
    expect(world.results.stored).toEqual([]);
    expect(world.lines.filter((line) => line.includes('succeeded'))).toHaveLength(2);
    expect([quiet, asked]).toHaveLength(2);
  });

  it("is not made to store its result by a client that says nothing of it, which is false in Celery's header", async () => {
    await using world = await startWorld({ tasks: { quiet: { ignoreResult: true, run: () => 1 } } });
    await world.publish(
      aMessage({
        body: '[[], {}, {}]',
        headers: { task: 'quiet', id: 'said-nothing', ignore_result: false },
      }),
    );
    await world.idle();
    expect(world.lines.filter((line) => line.includes('succeeded'))).toHaveLength(1);
    expect(world.results.stored).toEqual([]);
  });

  it('stores STARTED first when it is tracked, and states of its own', async () => {
    await using world = await startWorld({
      tasks: {
        long: {
          trackStarted: true,
          run: async (task) => {
            await task.updateState('PROGRESS', { done: 1 });
            return 'done';
          },
        },
      },
      worker: { hostname: 'w1@host' },
    });
    const id = await world.send('long');
    await world.until(id, 'SUCCESS');
    expect(world.results.statesOf(id)).toEqual(['STARTED', 'PROGRESS', 'SUCCESS']);
    expect(world.results.stored[0]?.meta.result).toEqual({ pid: process.pid, hostname: 'w1@host' });
  });

  it('refuses an exception state without an error, since no reader could make one of it', async () => {
    await using world = await startWorld({ tasks: { wrong: (task) => task.updateState('FAILURE', 'text') } });
    const id = await world.send('wrong');
    const meta = await world.until(id, 'FAILURE');
    expect(meta.result).toMatchObject({ exc_type: 'TypeError' });
  });

  it('stores name, arguments, worker, queue and retries when results are extended', async () => {
    await using world = await startWorld({
      tasks: { 'math.add': () => 3 },
      worker: { resultExtended: true, hostname: 'w1@host' },
    });
    const id = await world.send('math.add', [1, 2], {}, { c: 3 });
    const meta = await world.until(id, 'SUCCESS');
    expect(meta.extended).toEqual({
      name: 'math.add',
      args: [1, 2],
      kwargs: { c: 3 },
      worker: 'w1@host',
      retries: 0,
      queue: 'celery',
      stamps: {},
    });
  });

  it('fails when its value cannot be written', async () => {
    await using world = await startWorld({ tasks: { odd: { run: () => 1 } } });
    const { EncodeError } = await import('../../lib/errors.js');
    world.results.failure = ({ status }) =>
      status === 'SUCCESS' ? new EncodeError('Result', 'a function') : undefined;
    const id = await world.send('odd');
    const meta = await world.until(id, 'FAILURE');
    expect(meta.result).toMatchObject({ exc_type: 'EncodeError' });
  });

  it('finds itself anywhere in its code', async () => {
    const { TaskContext } = await import('../../lib/context/task.context.js');
    await using world = await startWorld({
      tasks: {
        deep: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return TaskContext.current()?.id;
        },
      },
    });
    const ids = [await world.send('deep'), await world.send('deep')];
    for (const id of ids) expect((await world.until(id, 'SUCCESS')).result).toBe(id);
  });

  it('what it sends becomes its children, with its root and itself as parent', async () => {
    const { makeSignature } = await import('../../lib/canvas/signature.js');
    const seen: unknown[] = [];
    await using world = await startWorld({
      tasks: {
        parent: async (task) => {
          const sent = await task.send(makeSignature('child', { immutable: false }));
          return sent.id;
        },
        child: (task) => void seen.push([task.rootId, task.parentId]),
      },
    });
    const id = await world.send('parent');
    const meta = await world.until(id, 'SUCCESS');
    await world.until(String(meta.result), 'SUCCESS');
    expect(meta.children).toEqual([[[meta.result, null], null]]);
    expect(seen).toEqual([[id, id]]);
  });
});

describe('concurrency and prefetch', () => {
  it('runs at most as many as there are slots, and takes no more than the prefetch', async () => {
    const door = gate();
    let most = 0;
    let now = 0;
    await using world = await startWorld({
      tasks: {
        slow: {
          acksLate: true,
          run: async () => {
            now += 1;
            most = Math.max(most, now);
            await door.opened;
            now -= 1;
          },
        },
      },
      worker: { concurrency: 3, prefetchMultiplier: 2 },
    });
    for (let each = 0; each < 10; each += 1) await world.send('slow');
    await eventually(() => world.worker.status.running === 3);
    expect(world.worker.status).toMatchObject({ running: 3, waiting: 3, state: 'running' });
    expect(await world.broker.size('celery')).toBe(4);
    door.open();
    await eventually(() => world.worker.status.processed === 10);
    expect(most).toBe(3);
  });

  it('runs a thousand tasks, ten at a time, and leaves nothing behind', async () => {
    await using world = await startWorld({
      tasks: { 'math.double': { acksLate: true, run: async ({ args: [n] }) => Number(n) * 2 } },
      worker: { concurrency: 10 },
    });
    const ids = await Promise.all(Array.from({ length: 1_000 }, (_, n) => world.send('math.double', [n])));
    await eventually(() => world.worker.status.processed === 1_000);
    expect(ids.map((id) => world.results.last(id)?.result)).toEqual(ids.map((_, n) => n * 2));
    expect(world.worker.status).toMatchObject({ running: 0, waiting: 0, held: 0, leaked: 0 });
    expect(world.clock.timers).toBe(0);
    expect(world.broker.held.size).toBe(0);
  });

  it('runs the urgent first', async () => {
    const order: unknown[] = [];
    const door = gate();
    await using world = await startWorld({
      tasks: {
        hold: () => door.opened,
        note: ({ args: [name] }) => void order.push(name),
      },
      worker: { concurrency: 1, prefetchMultiplier: 1 },
      producer: { taskQueueMaxPriority: 9, taskQueues: ['celery'] },
    });
    await world.send('hold');
    await eventually(() => world.worker.status.running === 1);
    // One is taken ahead of work.
    await world.send('note', ['taken']);
    await world.clock.advance(0);
    await world.send('note', ['low'], { priority: 1 });
    await world.send('note', ['high'], { priority: 9 });
    door.open();
    await eventually(() => order.length === 3);
    expect(order).toEqual(['taken', 'high', 'low']);
  });
});
