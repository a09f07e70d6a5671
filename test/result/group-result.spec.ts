import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  NoResultBackendError,
  ResultTimeoutError,
  TaskFailedError,
  TaskRevokedError,
  UnsupportedError,
} from '../../lib/errors.js';
import { AsyncResult, restoreGroup, resultFromTuple } from '../../lib/result/async-result.js';
import { aResultWorld, NOTHING, remoteError } from './world.js';

describe('get of a group', () => {
  it('gives the values in the order of the members, in whatever order they come', async () => {
    const { group, store, leftovers } = await aResultWorld();
    const got = group<[string, number, string]>(['a', 'b', 'c']).get({ timeout: 10, interval: 1 });
    await store('c', { result: 'third' });
    await store('a', { status: 'STARTED' });
    await store('b', { result: 2 });
    await store('a', { result: 'first' });
    const values: [string, number, string] = await got;
    expect(values).toEqual(['first', 2, 'third']);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('gives a list within the list for a group within the group', async () => {
    const { group, store } = await aResultWorld();
    for (const id of ['a', 'b', 'c', 'd']) await store(id, { result: id });
    expect(await group(['a', ['b', ['c'], []], 'd']).get()).toEqual(['a', ['b', ['c'], []], 'd']);
  });

  it('gives an empty list for an empty group', async () => {
    const { group, leftovers } = await aResultWorld();
    expect(await group([]).get({ timeout: 1 })).toEqual([]);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('gives the value of a task that is a member twice twice', async () => {
    const { group, store } = await aResultWorld();
    await store('a', { result: 1 });
    expect(await group(['a', ['a'], 'a']).get()).toEqual([1, [1], 1]);
  });

  it('throws as soon as one member has failed, and waits for nothing any more', async () => {
    const { group, store, leftovers } = await aResultWorld();
    const got = group(['a', 'b', 'c']).get({ timeout: 10, interval: 1 });
    const failed = expect(got).rejects.toMatchObject({ taskId: 'b', remote: { type: 'ValueError' } });
    await store('b', { status: 'FAILURE', result: remoteError() });
    await failed;
    await expect(got).rejects.toThrow(TaskFailedError);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('throws when a task before the group, or before a member, does not succeed', async () => {
    const { group, result, store, deps, leftovers } = await aResultWorld();
    const after = group(['a', 'b'], 'g', result('before')).get();
    const failed = expect(after).rejects.toThrow(TaskRevokedError);
    await store('before', { status: 'REVOKED', result: remoteError('TaskRevokedError', ['expired']) });
    await failed;
    const chain = [[['last', [['first', null], null]], null]];
    const ofChains = resultFromTuple([['g', null], chain], deps);
    const chainFailed = expect(ofChains?.get()).rejects.toMatchObject({ taskId: 'first' });
    await store('first', { status: 'FAILURE', result: remoteError() });
    await chainFailed;
    expect(leftovers()).toEqual(NOTHING);
  });

  it('gives failures as data with propagate: false, and still throws them without', async () => {
    const { group, store, leftovers } = await aResultWorld();
    const results = group(['a', ['b'], 'c']);
    const got = results.get({ propagate: false });
    await store('c', { status: 'REVOKED', result: remoteError('TaskRevokedError', ['revoked']) });
    await store('b', { status: 'FAILURE', result: remoteError() });
    await store('a', { result: 1 });
    expect(await got).toEqual([1, [remoteError()], remoteError('TaskRevokedError', ['revoked'])]);
    await expect(results.get()).rejects.toMatchObject({ taskId: 'b' });
    expect(leftovers()).toEqual(NOTHING);
  });

  it('gives up after the timeout, and says how much is missing', async () => {
    const { group, store, clock, leftovers, backend } = await aResultWorld();
    const got = group(['a', 'b', 'c', 'd']).get({ timeout: '5s' });
    const failed = expect(got).rejects.toMatchObject({ taskId: 'g', timeoutMs: 5_000, missing: 2 });
    await store('a', { result: 1 });
    backend.deaf = true;
    await store('b', { result: 1 });
    expect(clock.timers).toBe(1);
    await clock.advance(5_000);
    await failed;
    await expect(got).rejects.toThrow(ResultTimeoutError);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('finds what nobody told as often as it is asked to look', async () => {
    const { backend, clock, group, store, leftovers } = await aResultWorld();
    backend.deaf = true;
    const got = group(['a', 'b']).get({ interval: '500ms' });
    await store('a', { result: 1 });
    await clock.advance(600);
    await store('b', { result: 2 });
    await clock.advance(500);
    expect(await got).toEqual([1, 2]);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('ends with the reason of its signal', async () => {
    const { group, leftovers } = await aResultWorld();
    const stop = new AbortController();
    const got = group(['a', 'b']).get({ signal: stop.signal });
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(got).rejects.toBe(reason);
    expect(leftovers()).toEqual(NOTHING);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('waits for 10,000 members with one watch each and one timer for all', async () => {
    const { group, store, backend, clock, leftovers } = await aResultWorld();
    const ids = Array.from({ length: 10_000 }, (_, index) => `task-${index}`);
    const got = group(ids).get({ timeout: 60 });
    expect([backend.watching, clock.timers]).toEqual([10_000, 1]);
    for (const id of ids.toReversed()) await store(id, { result: id });
    expect(await got).toEqual(ids);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('does not wait again for what it has got, until it is forgotten', async () => {
    const { group, store, backend } = await aResultWorld();
    await store('a', { result: 1 });
    const results = group(['a']);
    expect([await results.get(), await results.join(), await results.joinNative()]).toEqual([[1], [1], [1]]);
    await results.forget();
    expect(await backend.get('a')).toBeUndefined();
    await store('a', { result: 2 });
    expect(await results.get()).toEqual([2]);
  });

  it('refuses to wait within a task, and says that no backend is configured', async () => {
    const inside = await aResultWorld({ insideTask: () => true });
    await expect(inside.group(['a']).get()).rejects.toThrow(UnsupportedError);
    const without = await aResultWorld({ backend: undefined });
    await expect(without.group(['a']).get()).rejects.toThrow(NoResultBackendError);
  });
});

describe('iterate', () => {
  it('yields members with their values as they finish', async () => {
    const { group, store, leftovers } = await aResultWorld();
    const results = group(['a', ['b', 'c'], 'd', []]);
    const iteration = results.iterate({ timeout: 10 });
    const next = async () => (await iteration.next()).value as [{ id: string }, unknown] | undefined;
    expect(await next()).toEqual([results.results[3], []]);
    const first = next();
    await store('d', { result: 4 });
    expect(await first).toEqual([results.results[2], 4]);
    await store('c', { result: 3 });
    await store('a', { result: 1 });
    expect(await next()).toEqual([results.results[0], 1]);
    const last = next();
    await store('b', { result: 2 });
    expect(await last).toEqual([results.results[1], [2, 3]]);
    expect(await next()).toBeUndefined();
    expect(leftovers()).toEqual(NOTHING);
  });

  it('lets go when the loop is left, or a member fails', async () => {
    const { group, store, leftovers } = await aResultWorld();
    await store('a', { result: 1 });
    for await (const [{ id }, value] of group(['a', 'b']).iterate()) {
      expect([id, value]).toEqual(['a', 1]);
      break;
    }
    expect(leftovers()).toEqual(NOTHING);
    await store('b', { status: 'FAILURE', result: remoteError() });
    const seen: unknown[] = [];
    const iterating = (async () => {
      for await (const [, value] of group(['a', 'b', 'c']).iterate()) seen.push(value);
    })();
    await expect(iterating).rejects.toMatchObject({ taskId: 'b' });
    expect(seen).toEqual([1]);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('yields failures as data with propagate: false', async () => {
    const { group, store } = await aResultWorld();
    await store('a', { status: 'FAILURE', result: remoteError() });
    const seen: unknown[] = [];
    for await (const [, value] of group(['a']).iterate({ propagate: false })) seen.push(value);
    expect(seen).toEqual([remoteError()]);
  });

  it('tells what has finished before it gives up', async () => {
    const { group, store, clock, leftovers } = await aResultWorld();
    await store('a', { result: 1 });
    const iteration = group(['a', 'b']).iterate({ timeout: 5 });
    expect((await iteration.next()).value?.[1]).toBe(1);
    const failed = expect(iteration.next()).rejects.toMatchObject({ missing: 1 });
    await clock.advance(5_000);
    await failed;
    expect(leftovers()).toEqual(NOTHING);
  });
});

describe('a group of results', () => {
  it('tells how far it is', async () => {
    const { group, store } = await aResultWorld();
    const results = group(['a', 'b', ['c']]);
    const told = async () => [
      await results.ready(),
      await results.waiting(),
      await results.successful(),
      await results.failed(),
      await results.completedCount(),
    ];
    expect(await told()).toEqual([false, true, false, false, 0]);
    await store('a', { result: 1 });
    await store('c', { result: 3 });
    expect(await told()).toEqual([false, true, false, false, 2]);
    await store('b', { status: 'FAILURE', result: remoteError() });
    expect(await told()).toEqual([true, false, false, true, 2]);
    const done = group(['a', 'c']);
    expect([await done.successful(), await done.failed(), done.length]).toEqual([true, false, 2]);
  });

  it('revokes all of its tasks with one command', async () => {
    const revoked: unknown[] = [];
    const { group } = await aResultWorld({ revoke: async (ids) => void revoked.push(ids) });
    await group(['a', ['b', 'c']]).revoke();
    expect(revoked).toEqual([['a', 'b', 'c']]);
    const unable = await aResultWorld();
    await expect(unable.group(['a']).revoke()).rejects.toThrow(UnsupportedError);
  });

  it('is saved, restored and deleted', async () => {
    const { group, result, deps, store } = await aResultWorld();
    const saved = group(['a', ['b']], 'kept', result('before'));
    await saved.save();
    await store('a', { result: 1 });
    await store('b', { result: 2 });
    const restored = await restoreGroup('kept', deps);
    expect(restored?.asTuple()).toEqual(saved.asTuple());
    expect(restored?.parent?.id).toBe('before');
    expect(await restored?.get()).toEqual([1, [2]]);
    await restored?.delete();
    expect(await restoreGroup('kept', deps)).toBeUndefined();
    expect(await restored?.get()).toEqual([1, [2]]);
  });

  it("is handed over as Celery's tuple", async () => {
    const { deps } = await aResultWorld();
    const tuple = [
      ['U2', [['U0', null], null]],
      [
        [['U1', null], null],
        [['U4', [['U3', null], null]], null],
      ],
    ];
    const results = resultFromTuple(tuple, deps);
    expect(results?.asTuple()).toEqual(tuple);
    expect(results?.kind).toBe('group');
    if (results?.kind !== 'group') return;
    expect(results.results[0]).toBeInstanceOf(AsyncResult);
    expect(results.results[1]?.parent?.id).toBe('U3');
    expect(await results.children()).toBe(results.results);
  });
});
