import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  CeleryError,
  InvalidOptionError,
  NoResultBackendError,
  ResultTimeoutError,
  TaskFailedError,
  TaskRevokedError,
  UndecodableMessageError,
  UnsupportedError,
} from '../../lib/errors.js';
import { resultOfNode } from '../../lib/result/async-result.js';
import { aResultWorld, NOTHING, remoteError } from './world.js';

describe('get', () => {
  it('returns a result that is there already at once', async () => {
    const { result, store, leftovers } = await aResultWorld();
    await store('a', { result: { sum: 3 } });
    expect(await result().get({ timeout: 10 })).toEqual({ sum: 3 });
    expect(leftovers()).toEqual(NOTHING);
  });

  it('waits until it is told', async () => {
    const { result, store, leftovers } = await aResultWorld();
    const got = result().get({ timeout: 10, interval: 1 });
    await store('a', { status: 'STARTED', dateDone: undefined });
    await store('a', { status: 'RETRY', result: remoteError(), dateDone: undefined });
    await store('a', { result: 'done' });
    expect(await got).toBe('done');
    expect(leftovers()).toEqual(NOTHING);
  });

  it('serves 500 who wait at once', async () => {
    const { result, store, leftovers } = await aResultWorld();
    const ids = Array.from({ length: 500 }, (_, index) => `task-${index}`);
    const all = Promise.all(ids.map((id) => result(id).get({ timeout: 10 })));
    for (const id of ids) await store(id, { result: id });
    expect(await all).toEqual(ids);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('throws what failed, with all that is known of it', async () => {
    const { result, store, leftovers } = await aResultWorld();
    await store('a', { status: 'FAILURE', result: remoteError(), traceback: 'Traceback …' });
    const error: unknown = await result()
      .get()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({
      taskId: 'a',
      remote: { type: 'ValueError', module: 'builtins', message: 'boom, 1', args: ['boom', 1] },
      traceback: 'Traceback …',
    });
    expect(leftovers()).toEqual(NOTHING);
  });

  it('throws that it was revoked, and why', async () => {
    const { result, store } = await aResultWorld();
    await store('a', { status: 'REVOKED', result: remoteError('TaskRevokedError', ['expired']) });
    const error: unknown = await result()
      .get()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ taskId: 'a', reason: 'expired' });
  });

  it('returns the failure as data with propagate: false', async () => {
    const { result, store } = await aResultWorld();
    await store('a', { status: 'FAILURE', result: remoteError() });
    expect(await result().get({ propagate: false })).toEqual(remoteError());
  });

  it('gives up after the timeout, having looked once more', async () => {
    const { result, clock, backend, leftovers } = await aResultWorld();
    const got = result().get({ timeout: '250ms' });
    const failed = expect(got).rejects.toThrow(ResultTimeoutError);
    await clock.advance(249);
    expect(backend.gets).toBe(0);
    await clock.advance(1);
    await failed;
    expect(backend.gets).toBe(1);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('finds with its last look what nobody told', async () => {
    const { backend, clock, result, store } = await aResultWorld();
    backend.deaf = true;
    const got = result().get({ timeout: 1 });
    await store('a', { result: 'missed' });
    await clock.advance(1_000);
    expect(await got).toBe('missed');
  });

  it('finds what nobody told as often as it is asked to look', async () => {
    const { backend, clock, result, store, leftovers } = await aResultWorld();
    backend.deaf = true;
    const got = result().get({ interval: '500ms' });
    await clock.advance(1_400);
    expect(backend.gets).toBe(2);
    await store('a', { result: 'missed' });
    await clock.advance(100);
    expect(await got).toBe('missed');
    expect(leftovers()).toEqual(NOTHING);
  });

  it('gives up although the backend does not answer the last look', async () => {
    const { backend, clock, result, leftovers } = await aResultWorld();
    backend.silent = true;
    const failed = expect(result().get({ timeout: 5 })).rejects.toThrow(ResultTimeoutError);
    await clock.advance(6_000);
    await failed;
    expect(leftovers()).toEqual(NOTHING);
  });

  it('ends with the reason of its signal', async () => {
    const { result, leftovers } = await aResultWorld();
    const stop = new AbortController();
    const got = result().get({ signal: stop.signal, timeout: 10, interval: 1 });
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(got).rejects.toBe(reason);
    await expect(result().get({ signal: stop.signal })).rejects.toBe(reason);
    expect(leftovers()).toEqual(NOTHING);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('lets go of its signal when the result comes', async () => {
    const { result, store } = await aResultWorld();
    const { signal } = new AbortController();
    const got = result().get({ signal });
    await store('a');
    await got;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends when a result cannot be read', async () => {
    const { backend, result, leftovers } = await aResultWorld();
    const unreadable = new UndecodableMessageError('it is pickle');
    backend.watch = (_taskId, _onMeta, onUnreadable) => {
      queueMicrotask(() => onUnreadable?.(unreadable));
      return () => undefined;
    };
    await expect(result().get({ timeout: 5 })).rejects.toBe(unreadable);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('throws the first failure of the chain before it, which may have kept it from being sent', async () => {
    const { result, store, leftovers } = await aResultWorld();
    const first = result('first');
    const third = result('third', result('second', first));
    await store('first', { status: 'FAILURE', result: remoteError() });
    await expect(third.get({ timeout: 5 })).rejects.toMatchObject({ taskId: 'first' });
    expect(leftovers()).toEqual(NOTHING);
  });

  it('throws when a task before it fails while it waits, also before a chord', async () => {
    const { deps, store, leftovers, result } = await aResultWorld();
    const members = ['m', 'n'].map((id) => ({ id, parent: undefined, members: undefined }));
    const first = { id: 'first', parent: undefined, members: undefined };
    const header = { id: 'header', parent: first, members };
    const body = resultOfNode({ id: 'body', parent: header, members: undefined }, deps);
    const failed = expect(body.get()).rejects.toMatchObject({ taskId: 'first', reason: 'expired' });
    const unmoved = result('third', body).get({ propagate: false });
    await store('m', { status: 'FAILURE', result: remoteError() });
    await store('first', { status: 'REVOKED', result: remoteError('TaskRevokedError', ['expired']) });
    await failed;
    await store('third', { result: 3 });
    expect(await unmoved).toBe(3);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('waits although the tasks before it cannot be asked about', async () => {
    const { backend, clock, result, store } = await aResultWorld();
    backend.silent = true;
    const got = result('b', result('a')).get();
    await store('b', { result: 'b' });
    await clock.advance(1_000);
    expect(await got).toBe('b');
  });

  it('refuses to wait within a task, unless told otherwise', async () => {
    const { result, store } = await aResultWorld({ insideTask: () => true });
    await store('a', { result: 1 });
    await expect(result().get()).rejects.toThrow(UnsupportedError);
    expect(await result().get({ disableSyncSubtasks: false })).toBe(1);
  });

  it.each([{ timeout: 'soon' }, { timeout: Number.NaN }, { interval: 0 }, { interval: -1 }])(
    'refuses %j',
    async (options) => {
      const { result, leftovers } = await aResultWorld();
      await expect(result().get(options as never)).rejects.toThrow(InvalidOptionError);
      expect(leftovers()).toEqual(NOTHING);
    },
  );

  it('says that no backend is configured', async () => {
    const { result } = await aResultWorld({ backend: undefined });
    for (const ask of [
      () => result().get(),
      () => result().state(),
      () => result().forget(),
      async () => result().onProgress(() => undefined),
    ]) {
      await expect(ask()).rejects.toThrow(NoResultBackendError);
    }
  });
});

/** CVE-2021-23727: Celery < 5.2.2 looked up what a stored error named, and called it. */
describe('a stored error that names something else than an error', () => {
  it.each([
    ['os', 'system', 'touch /tmp/owned'],
    ['node:child_process', 'execSync', 'touch /tmp/owned'],
    ['builtins', 'eval', '1'],
    ['', 'Function', 'return process'],
    ['', 'process.exit', ['0']],
    ['', 'constructor', ['x']],
    ['', '__proto__', ['x']],
    ['celery.exceptions', 'CeleryError', ['x']],
  ])('is thrown as data: %s %s', async (exc_module, exc_type, exc_message) => {
    const { result, store } = await aResultWorld();
    const args = [exc_message].flat();
    await store('a', { status: 'FAILURE', result: { exc_module, exc_type, exc_message } });
    const error: unknown = await result()
      .get()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(Object.getPrototypeOf(error)).toBe(TaskFailedError.prototype);
    expect(Object.getPrototypeOf(TaskFailedError.prototype)).toBe(CeleryError.prototype);
    expect(error).toMatchObject({ name: 'TaskFailedError', remote: { type: exc_type, args } });
  });

  it('is bounded in what it puts into logs', async () => {
    const { result, store } = await aResultWorld();
    const huge = 'x'.repeat(1_000_000);
    await store('a', { status: 'FAILURE', result: remoteError(huge, [huge]), traceback: huge });
    const error = await result()
      .get()
      .catch((thrown: TaskFailedError) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    const { message, traceback } = error as TaskFailedError;
    expect(message.length).toBeLessThan(66_000);
    expect(traceback).toHaveLength(256 * 1024);
  });
});
