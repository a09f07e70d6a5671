import { describe, expect, it } from 'vitest';
import {
  TaskFailedError,
  TaskRevokedError,
  type AsyncResult,
  type NamedCallOptions,
} from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import type { InteropWorld } from '../world.js';
import { VALUES } from './values.js';

/** We call tasks of a Python worker, and read their results. */
export function weCallPython(world: () => InteropWorld): void {
  const send = <R = unknown>(name: string, args: readonly unknown[] = [], options: NamedCallOptions = {}) =>
    world().client.applyAsync<R>(name, { args, ...options });
  const call = async <R = unknown>(name: string, args?: readonly unknown[], options?: NamedCallOptions) =>
    (await send<R>(name, args, options)).get({ timeout: 20 });

  describe('we call a Python worker', () => {
    it('gets the return value', async () => {
      expect(await call('py.add', [2, 3])).toBe(5);
    });

    it('passes arguments by position, by name, and both', async () => {
      expect(await call('py.keywords', [1, 2])).toEqual([1, 2, null]);
      expect(await call('py.keywords', [], { kwargs: { third: 3, first: 1 } })).toEqual([1, 'default', 3]);
      expect(await call('py.keywords', [1], { kwargs: { third: 3 } })).toEqual([1, 'default', 3]);
    });

    it('is told of arguments that do not fit', async () => {
      expect(await failureOf(await send('py.add', [1]))).toMatchObject({ remote: { type: 'TypeError' } });
    });

    it.each(VALUES)('sends and gets back $name', async ({ ours }) => {
      expect(await call('py.echo', [ours])).toEqual(ours);
    });

    it('sends a date as text that Celery 5.2 reads', async () => {
      expect(await call('py.echo', [new Date('2026-01-02T03:04:05.678Z')])).toBe(
        '2026-01-02T03:04:05.678000Z',
      );
    });

    it.each(['gzip', 'bzip2', 'brotli', 'zstd'])('compresses its message with %s', async (compression) => {
      expect(await call('py.echo', ['x'.repeat(50_000)], { compression })).toHaveLength(50_000);
    });

    it.each(['msgpack', 'yaml'])('serializes its message with %s', async (serializer) => {
      const value = { text: 'ü', list: [1, null, 2.5] };
      expect(await call('py.echo', [value], { serializer })).toEqual(value);
    });

    it('sees a failure by its type, arguments and traceback', async () => {
      const error = await failureOf(await send('py.fail', ['böom']));
      expect(error).toBeInstanceOf(TaskFailedError);
      expect(error).toMatchObject({ remote: { type: 'ValueError', args: ['böom', 7] } });
      expect((error as TaskFailedError).traceback).toContain('interop_app.py');
    });

    it('gets the value of a task that was retried', async () => {
      expect(await call('py.flaky', [2])).toBe(2);
    });

    it('gets the cause of a task that used up its retries', async () => {
      expect(await failureOf(await send('py.hopeless'))).toMatchObject({
        remote: { type: 'RuntimeError', args: ['never'] },
      });
    });

    it('an eta is not run before it is due', async () => {
      const before = Date.now();
      const { at } = await call<{ at: number }>('py.where', [], { eta: new Date(before + 700) });
      expect(at * 1_000).toBeGreaterThanOrEqual(before + 700);
    });

    it('a countdown is not run before it has passed', async () => {
      const before = Date.now();
      const { at } = await call<{ at: number }>('py.where', [], { countdown: '500ms' });
      expect(at * 1_000).toBeGreaterThanOrEqual(before + 500);
    });

    it('a task that expired before it came is revoked', async () => {
      const result = await send('py.add', [1, 1], { expires: new Date(Date.now() - 5_000) });
      expect(await failureOf(result)).toBeInstanceOf(TaskRevokedError);
    });

    it('a task that expires before it is due is revoked', async () => {
      const result = await send('py.add', [1, 1], { countdown: '400ms', expires: '200ms' });
      expect(await failureOf(result)).toBeInstanceOf(TaskRevokedError);
    });

    it('a soft time limit ends a task', async () => {
      const result = await send('py.patient', [world().aList()], { softTimeLimit: '300ms' });
      expect(await failureOf(result)).toMatchObject({ remote: { type: 'SoftTimeLimitExceeded' } });
    });

    it('the priority arrives', async () => {
      expect(await call('py.where', [], { priority: 6 })).toMatchObject({ priority: 6 });
    });

    it('own headers and a given task id arrive', async () => {
      const taskId = world().aList();
      const headers = { 'x-own': { deep: [1, 'ü'] } };
      const ids = { id: taskId, root_id: taskId, parent_id: null };
      expect(await call('py.where', [], { taskId, headers })).toMatchObject({ ...ids, headers });
    });

    it('given root and parent ids arrive', async () => {
      const ids = await call('py.where', [], { rootId: 'a-root', parentId: 'a-parent' });
      expect(ids).toMatchObject({ root_id: 'a-root', parent_id: 'a-parent' });
    });

    it('a custom state is seen while the task runs', async () => {
      const { lists, aList } = world();
      const gate = aList();
      const result = await send('py.progress', [gate]);
      await eventually(async () => (await result.state()) === 'PROGRESS');
      expect(await result.info()).toEqual({ done: 3, total: 10 });
      await lists.open(gate);
      expect(await result.get({ timeout: 20 })).toBe('done');
    });

    it('an ignored result is not stored', async () => {
      const { lists, aList } = world();
      const into = aList();
      const byTask = await send('py.ignored', [into]);
      const byCaller = await send('py.mark', [1], { kwargs: { into }, ignoreResult: true });
      await lists.take(into, 2);
      await call('py.add', [1, 1]);
      expect(await byTask.state()).toBe('PENDING');
      // Celery 5.2 stores STARTED all the same.
      expect(await byCaller.state()).toMatch(/^(STARTED|PENDING)$/);
    });

    it('Ignore settles the message and stores nothing', async () => {
      const { lists, aList } = world();
      const into = aList();
      const result = await send('py.raise_ignore', [into]);
      await lists.next(into);
      await call('py.add', [1, 1]);
      expect(await result.state()).toBe('STARTED');
    });

    it('Reject with requeue hands the message out again', async () => {
      expect(await call('py.reject_once')).toBe('second time');
    });

    it('Reject without requeue takes the message away', async () => {
      const { lists, aList } = world();
      const into = aList();
      await send('py.reject', [into]);
      await lists.next(into);
      await call('py.add', [1, 1]);
      expect(await lists.left(into)).toBe(0);
    });

    it.each(['js', 'py'])('link runs a callback of the %s side with the result', async (side) => {
      const { client, lists, aList } = world();
      const into = aList();
      const link = client.signature(`${side}.mark`, { kwargs: { into } });
      const result = await send('py.add', [2, 3], { link });
      expect(await lists.next(into)).toMatchObject({
        by: side,
        value: 5,
        root: result.id,
        parent: result.id,
      });
      expect(await result.get({ timeout: 20 })).toBe(5);
      expect(await result.children()).toHaveLength(1);
    });

    it.each(['js', 'py'])('linkError runs a callback of the %s side with the id', async (side) => {
      const { client, lists, aList } = world();
      const into = aList();
      const linkError = client.signature(`${side}.mark`, { kwargs: { into } });
      const { id } = await send('py.fail', ['no'], { linkError });
      expect(await lists.next(into)).toMatchObject({ by: side, value: id, root: id, parent: id });
    });

    it('a task Python sends from inside a task is its child, on our side too', async () => {
      const result = await send<string>('py.spawn', ['js.where']);
      const childId = await result.get({ timeout: 20 });
      expect((await result.children()).map(({ id }) => id)).toEqual([childId]);
    });

    it('a task nobody has fails with NotRegistered', async () => {
      expect(await failureOf(await send('py.nobody'))).toMatchObject({ remote: { type: 'NotRegistered' } });
    });

    it('a forgotten result is unknown to both', async ({ skip }) => {
      const { python, urls } = world();
      skip(urls.backend.startsWith('rpc'), 'nothing is stored by rpc');
      const result = await send('py.add', [1, 1]);
      await result.get({ timeout: 20 });
      expect(await python.state(result.id)).toMatchObject({ state: 'SUCCESS', info: 2 });
      await result.forget();
      expect(await result.state()).toBe('PENDING');
      expect(await python.state(result.id)).toMatchObject({ state: 'PENDING' });
    });
  });
}

/** What `get()` throws. */
const failureOf = (result: AsyncResult): Promise<unknown> =>
  result.get({ timeout: 20 }).then(
    (value) => {
      throw new Error(`${result.id} did not fail: ${String(value)}`);
    },
    (error: unknown) => error,
  );
