import { describe, expect, it } from 'vitest';
import { idle, quarantined, type InteropWorld } from '../world.js';
import { VALUES } from './values.js';

/** A Python client calls tasks of ours, and reads their results with its own `AsyncResult`. */
export function pythonCallsUs(world: () => InteropWorld): void {
  describe('a Python client calls us', () => {
    it('gets the return value', async () => {
      const { python } = world();
      const { id } = await python.send('js.add', [2, 3]);
      expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', value: 5 });
    });

    it('passes arguments by position, by name, and both', async () => {
      const { python } = world();
      const byPosition = await python.send('js.keywords', [1, 2, 3]);
      const byName = await python.send('js.keywords', [], { kwargs: { third: 3, first: 1 } });
      const both = await python.send('js.keywords', [1], { kwargs: { third: 3 } });
      expect((await python.get(byPosition.id)).value).toEqual([1, 2, 3]);
      expect((await python.get(byName.id)).value).toEqual([1, 'default', 3]);
      expect((await python.get(both.id)).value).toEqual([1, 'default', 3]);
    });

    it('is told of arguments that do not fit', async () => {
      const { python } = world();
      const missing = await python.send('js.add', [1]);
      const unknown = await python.send('js.add', [1, 2], { kwargs: { nobody: 3 } });
      expect(await python.get(missing.id)).toMatchObject({ state: 'FAILURE', error: 'TypeError' });
      expect(await python.get(unknown.id)).toMatchObject({ state: 'FAILURE', error: 'TypeError' });
    });

    it.each(VALUES)('sends and gets back $name', async ({ python: expr }) => {
      const { python } = world();
      const { id } = await python.send('js.echo', [], { args_expr: `[${expr}]` });
      const { repr } = await python.ask('expression', { expr });
      expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', repr });
    });

    it("sends dates, decimals and UUIDs as Celery 5.2's plain text", async () => {
      const { python } = world();
      const args = "[[datetime(2026, 1, 2, 3, 4, 5, 678901), Decimal('1.50'), UUID(int=7)]]";
      const { id } = await python.send('js.echo', [], { args_expr: args });
      expect((await python.get(id)).value).toEqual([
        '2026-01-02T03:04:05.678901',
        '1.50',
        '00000000-0000-0000-0000-000000000007',
      ]);
    });

    it.each(['zlib', 'bzip2', 'brotli', 'zstd'])('compresses its message with %s', async (compression) => {
      const { python } = world();
      const { id } = await python.send('js.echo', ['x'.repeat(50_000)], { options: { compression } });
      expect((await python.get(id)).value).toHaveLength(50_000);
    });

    it.each(['msgpack', 'yaml'])('serializes its message with %s', async (serializer) => {
      const { python } = world();
      const value = { text: 'ü', list: [1, null, 2.5] };
      const { id } = await python.send('js.echo', [value], { options: { serializer } });
      expect((await python.get(id)).value).toEqual(value);
    });

    it('sends a message of protocol 1', async () => {
      const { python } = world();
      const { id } = await python.send('js.keywords', [1], { kwargs: { third: 'x' }, protocol: 1 });
      expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', value: [1, 'default', 'x'] });
    });

    it('sees a failure by its type, message and traceback', async () => {
      const { python } = world();
      const { id } = await python.send('js.fail', ['böom']);
      const failure = await python.get(id);
      expect(failure).toMatchObject({ state: 'FAILURE', error: 'RangeError', args: ['böom'] });
      expect(failure.traceback).toContain('RangeError: böom');
      expect(failure.traceback).toContain('interop.tasks');
    });

    it('gets the value of a task that was retried', async () => {
      const { python } = world();
      const { id } = await python.send('js.flaky', [2]);
      expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', value: 2, fields: { retries: 2 } });
    });

    it('gets the cause of a task that used up its retries', async () => {
      const { python } = world();
      const { id } = await python.send('js.hopeless');
      expect(await python.get(id)).toMatchObject({ state: 'FAILURE', error: 'RangeError', args: ['never'] });
    });

    it('an eta is not run before it is due', async () => {
      const { python } = world();
      const before = Date.now();
      const { id } = await python.send('js.where', [], { eta_in: 0.7 });
      const { at } = (await python.get(id)).value as { at: number };
      expect(at * 1_000).toBeGreaterThanOrEqual(before + 700);
    });

    it('a countdown is not run before it has passed', async () => {
      const { python } = world();
      const before = Date.now();
      const { id } = await python.send('js.where', [], { options: { countdown: 0.5 } });
      const { at } = (await python.get(id)).value as { at: number };
      expect(at * 1_000).toBeGreaterThanOrEqual(before + 500);
    });

    it('a task that expired before it came is revoked', async () => {
      const { python } = world();
      const { id } = await python.send('js.add', [1, 1], { expires_in: -5 });
      expect(await python.get(id)).toMatchObject({ state: 'REVOKED', error: 'TaskRevokedError' });
    });

    it('a task that expires before it is due is revoked', async () => {
      const { python } = world();
      const { id } = await python.send('js.add', [1, 1], { options: { countdown: 0.4 }, expires_in: 0.2 });
      expect(await python.get(id)).toMatchObject({ state: 'REVOKED', error: 'TaskRevokedError' });
    });

    it('a soft time limit ends a task', async () => {
      const { python, aList } = world();
      const { id } = await python.send('js.patient', [aList()], { options: { soft_time_limit: 0.2 } });
      expect(await python.get(id)).toMatchObject({ state: 'FAILURE', error: 'SoftTimeLimitExceeded' });
    });

    it('the priority arrives', async () => {
      const { python } = world();
      const { id } = await python.send('js.where', [], { options: { priority: 6 } });
      expect((await python.get(id)).value).toMatchObject({ priority: 6 });
    });

    it('own headers and a given task id arrive', async () => {
      const { python, aList } = world();
      const given = aList();
      const headers = { 'x-own': { deep: [1, 'ü'] } };
      const { id } = await python.send('js.where', [], { options: { task_id: given, headers } });
      expect(id).toBe(given);
      expect((await python.get(id)).value).toMatchObject({
        id: given,
        root_id: given,
        parent_id: null,
        headers,
      });
    });

    it('a custom state is seen while the task runs', async () => {
      const { python, lists, aList } = world();
      const gate = aList();
      const { id } = await python.send('js.progress', [gate]);
      const done = await python.ask('get', { id, release: { state: 'PROGRESS', gate } });
      expect(done).toMatchObject({ state: 'SUCCESS', value: 'done' });
      expect(done.states).toEqual(expect.arrayContaining(['PROGRESS', 'SUCCESS']));
      expect(await lists.left(gate)).toBe(0);
    });

    it('an ignored result is not stored', async () => {
      const { python, lists, aList } = world();
      const into = aList();
      const { id } = await python.send('js.ignored', [into]);
      const byCaller = await python.send('js.mark', [1], {
        kwargs: { into },
        options: { ignore_result: true },
      });
      await lists.take(into, 2);
      await idle(world());
      expect(await python.state(id)).toMatchObject({ state: 'PENDING' });
      expect(await python.state(byCaller.id)).toMatchObject({ state: 'PENDING' });
    });

    it('Ignore settles the message and stores nothing', async () => {
      const { python, lists, aList } = world();
      const into = aList();
      const { id } = await python.send('js.raise_ignore', [into]);
      await lists.next(into);
      await idle(world());
      expect(await python.state(id)).toMatchObject({ state: expect.stringMatching(/^(STARTED|PENDING)$/) });
    });

    it('Reject with requeue hands the message out again', async () => {
      const { python } = world();
      const { id } = await python.send('js.reject_once');
      expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', value: 'second time' });
    });

    it('Reject without requeue takes the message away', async () => {
      const { python, lists, aList } = world();
      const into = aList();
      await python.send('js.reject', [into]);
      await lists.next(into);
      await idle(world());
      expect(await lists.left(into)).toBe(0);
    });

    it.each(['js', 'py'])('link runs a callback of the %s side with the result', async (side) => {
      const { python, lists, aList } = world();
      const into = aList();
      const link = {
        task: `${side}.mark`,
        args: [],
        kwargs: { into },
        options: {},
        subtask_type: null,
        immutable: false,
      };
      const { id } = await python.send('js.add', [2, 3], { link });
      expect(await lists.next(into)).toMatchObject({ by: side, value: 5, root: id, parent: id });
      expect((await python.get(id)).children).toHaveLength(1);
    });

    it.each(['js', 'py'])('link_error runs a callback of the %s side with the id', async (side) => {
      const { python, lists, aList } = world();
      const into = aList();
      const link_error = {
        task: `${side}.mark`,
        args: [],
        kwargs: { into },
        options: {},
        subtask_type: null,
        immutable: false,
      };
      const { id } = await python.send('js.fail', ['no'], { link_error });
      expect(await lists.next(into)).toMatchObject({ by: side, value: id, root: id, parent: id });
    });

    it('a task we send from inside a task is its child, on the Python side too', async () => {
      const { python } = world();
      const { id } = await python.send('js.spawn', ['py.where']);
      const { value: childId, children } = await python.get(id);
      expect(children).toEqual([childId]);
    });

    it('a task nobody has fails with NotRegistered and is kept aside', async () => {
      const { python, queues } = world();
      const { id } = await python.send('js.nobody', ['x']);
      expect(await python.get(id)).toMatchObject({ state: 'FAILURE', error: 'NotRegistered' });
      const [kept] = await quarantined(world(), queues.js, 1);
      expect(kept?.headers).toMatchObject({ task: 'js.nobody', id, 'x-quarantine-queue': queues.js });
    });

    it('reads the extended fields of a result', async ({ skip }) => {
      const { python, queues, urls } = world();
      skip(urls.backend.startsWith('rpc'), 'Celery sends no extended fields by rpc');
      const { id } = await python.send('js.keywords', [1], { kwargs: { third: 'x' } });
      expect((await python.get(id)).fields).toEqual({
        name: 'js.keywords',
        args: [1],
        kwargs: { third: 'x' },
        worker: 'js@test',
        queue: queues.js,
        retries: 0,
      });
    });
  });
}
