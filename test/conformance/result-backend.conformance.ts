import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../lib/errors.js';
import type { ReplyAddress, ResultBackend, TaskMeta } from '../../lib/backend/result-backend.js';

export interface BackendUnderTest {
  /** A fresh backend, closed by the suite. */
  readonly open: () => Promise<ResultBackend>;
  readonly shared: boolean;
}

export function aMeta(changes: Partial<TaskMeta> & { readonly taskId: string }): TaskMeta {
  return {
    status: 'SUCCESS',
    result: null,
    traceback: undefined,
    children: [],
    dateDone: '2026-11-21T04:05:36.329000+00:00',
    groupId: undefined,
    parentId: undefined,
    extended: undefined,
    ...changes,
  };
}

/** What every result backend promises (lib/backend/result-backend.ts), written once. */
export function resultBackendConformance(name: string, { open, shared }: BackendUnderTest): void {
  const world = async () => {
    const backend = await open();
    await backend.connect();
    const address: ReplyAddress = { replyTo: backend.replyTo, correlationId: 'c' };
    return {
      backend,
      taskId: randomUUID(),
      store: (meta: TaskMeta) => backend.store(meta, { ...address, correlationId: meta.taskId }),
      /** The next state of the task that `wanted` accepts. */
      told: (taskId: string, wanted: (meta: TaskMeta) => boolean = () => true) =>
        new Promise<TaskMeta>((resolve) => {
          const unwatch = backend.watch(taskId, (meta) => {
            if (!wanted(meta)) return;
            queueMicrotask(() => unwatch());
            resolve(meta);
          });
        }),
      [Symbol.asyncDispose]: () => backend.close(),
    };
  };

  describe(`${name} result backend`, () => {
    it('knows nothing of a task that stored nothing', async () => {
      await using w = await world();
      expect(await w.backend.get(w.taskId)).toBeUndefined();
    });

    it.each([
      ['a number', 3],
      ['null', null],
      ['text', 'ümläut 😀\u2028 <script>'],
      ['nested data', { list: [1, [2, { three: [] }]], empty: {}, nothing: null }],
      ['an integer beyond 2^53', 100000000000000000001n],
      ['NaN', Number.NaN],
      ['a date', new Date('2026-11-21T04:05:36.329Z')],
      ['bytes', Buffer.from([0, 255, 254])],
      ['a large value', 'x'.repeat(300_000)],
    ])('gives back %s as it was stored', async (_what, result) => {
      await using w = await world();
      const arrived = w.told(w.taskId);
      await w.store(aMeta({ taskId: w.taskId, result }));
      expect((await arrived).result).toEqual(result);
      expect((await w.backend.get(w.taskId))?.result).toEqual(result);
    });

    it('gives back every field', async () => {
      await using w = await world();
      const meta = aMeta({
        taskId: w.taskId,
        status: 'FAILURE',
        result: { exc_type: 'ValueError', exc_message: ['boom', 1], exc_module: 'builtins' },
        traceback: 'Traceback (most recent call last):\nValueError',
        children: [[['child', null], null]],
        groupId: 'g',
        parentId: 'p',
        extended: {
          name: 't.x',
          args: [1],
          kwargs: { a: 1 },
          worker: 'w@h',
          retries: 2,
          queue: 'q',
          stamps: { by: ['me'] },
        },
      });
      const arrived = w.told(w.taskId);
      await w.store(meta);
      expect(await arrived).toEqual(meta);
      expect(await w.backend.get(w.taskId)).toEqual(meta);
    });

    it('tells states one after another to a watcher that came first', async () => {
      await using w = await world();
      const seen: string[] = [];
      const done = w.told(w.taskId, (meta) => {
        seen.push(meta.status);
        return meta.status === 'SUCCESS';
      });
      await w.store(aMeta({ taskId: w.taskId, status: 'STARTED', dateDone: undefined }));
      await w.store(
        aMeta({ taskId: w.taskId, status: 'PROGRESS', result: { done: 1 }, dateDone: undefined }),
      );
      await w.store(aMeta({ taskId: w.taskId, result: 1 }));
      await done;
      expect(seen.at(-1)).toBe('SUCCESS');
      // A watcher may hear a state twice, or miss one that was overtaken; never out of order.
      expect(seen.filter((each, index) => seen.indexOf(each) === index)).toEqual(
        ['STARTED', 'PROGRESS', 'SUCCESS'].filter((each) => seen.includes(each)),
      );
    });

    it('tells a watcher that came late what is stored already', async () => {
      await using w = await world();
      const first = w.told(w.taskId);
      await w.store(aMeta({ taskId: w.taskId, result: 'early' }));
      await first;
      expect((await w.told(w.taskId)).result).toBe('early');
    });

    it('tells every watcher of a task, and none of another', async () => {
      await using w = await world();
      const others: TaskMeta[] = [];
      w.backend.watch('someone-else', (meta) => others.push(meta));
      const both = Promise.all([w.told(w.taskId), w.told(w.taskId)]);
      await w.store(aMeta({ taskId: w.taskId, result: 5 }));
      expect((await both).map((meta) => meta.result)).toEqual([5, 5]);
      expect(others).toEqual([]);
    });

    it('tells nothing to a watcher that has gone, and goes on telling the others', async () => {
      await using w = await world();
      const seen: unknown[] = [];
      const unwatch = w.backend.watch(w.taskId, (meta) => seen.push(meta.result));
      const started = w.told(w.taskId);
      await w.store(aMeta({ taskId: w.taskId, status: 'PROGRESS', result: 1, dateDone: undefined }));
      await started;
      unwatch();
      unwatch();
      const before = seen.length;
      const other = w.told(w.taskId, (meta) => meta.status === 'SUCCESS');
      await w.store(aMeta({ taskId: w.taskId, result: 2 }));
      await other;
      expect(seen).toHaveLength(before);
    });

    it('tells a watcher that comes back after all had gone', async () => {
      await using w = await world();
      for (let times = 0; times < 3; times += 1) w.backend.watch(w.taskId, () => undefined)();
      const arrived = w.told(w.taskId);
      w.backend.watch(w.taskId, () => undefined)();
      await w.store(aMeta({ taskId: w.taskId, result: 'here' }));
      expect((await arrived).result).toBe('here');
    });

    it('serves 500 waiting clients at once', async () => {
      await using w = await world();
      const ids = Array.from({ length: 500 }, () => randomUUID());
      const all = Promise.all(ids.map((id) => w.told(id)));
      await Promise.all(ids.map((taskId, index) => w.store(aMeta({ taskId, result: index }))));
      expect((await all).map((meta) => meta.result)).toEqual(ids.map((_, index) => index));
    });

    it('never overwrites a stored SUCCESS, and says so', async () => {
      await using w = await world();
      const arrived = w.told(w.taskId);
      expect(await w.store(aMeta({ taskId: w.taskId, result: 'kept' }))).toBe('stored');
      await arrived;
      if (!shared) return;
      const failure = { exc_type: 'E', exc_message: [], exc_module: 'js' };
      expect(await w.store(aMeta({ taskId: w.taskId, status: 'FAILURE', result: failure }))).toBe('kept');
      expect(await w.backend.get(w.taskId)).toMatchObject({ status: 'SUCCESS', result: 'kept' });
    });

    it('overwrites a state whose data only looks like a SUCCESS', async () => {
      await using w = await world();
      await w.store(aMeta({ taskId: w.taskId, status: 'PROGRESS', result: { status: 'SUCCESS' } }));
      const arrived = w.told(w.taskId, (meta) => meta.status === 'SUCCESS');
      await w.store(aMeta({ taskId: w.taskId, result: 'real' }));
      expect((await arrived).result).toBe('real');
    });

    it('forgets', async () => {
      await using w = await world();
      const arrived = w.told(w.taskId);
      await w.store(aMeta({ taskId: w.taskId }));
      await arrived;
      await w.backend.forget(w.taskId);
      expect(await w.backend.get(w.taskId)).toBeUndefined();
      await w.backend.forget('never heard of');
    });

    it('keeps the tuples of groups under their ids, or says that it cannot', async () => {
      await using w = await world();
      const [groupId, tuple] = [w.taskId, [['g', null], [[['a', null], null]]]];
      if (!shared) {
        await expect(w.backend.saveGroup(groupId, tuple)).rejects.toThrow(UnsupportedError);
        await expect(w.backend.restoreGroup(groupId)).rejects.toThrow(UnsupportedError);
        await expect(w.backend.deleteGroup(groupId)).rejects.toThrow(UnsupportedError);
        expect(w.backend.chords).toBeUndefined();
        return;
      }
      expect(await w.backend.restoreGroup(groupId)).toBeUndefined();
      await w.backend.saveGroup(groupId, tuple);
      expect(await w.backend.restoreGroup(groupId)).toEqual(tuple);
      expect(await w.backend.get(groupId)).toBeUndefined();
      await w.backend.deleteGroup(groupId);
      await w.backend.deleteGroup(groupId);
      expect(await w.backend.restoreGroup(groupId)).toBeUndefined();
    });

    it('closes twice', async () => {
      const backend = await open();
      await backend.connect();
      await backend.close();
      await backend.close();
    });
  });
}
