import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../lib/errors.js';
import { resultFromTuple } from '../../lib/result/async-result.js';
import { aResultWorld, NOTHING, remoteError } from './world.js';

describe('a result', () => {
  it('is PENDING while nothing is known of it', async () => {
    const { result } = await aResultWorld();
    expect(await result().state()).toBe('PENDING');
    expect([await result().ready(), await result().successful(), await result().failed()]).toEqual([
      false,
      false,
      false,
    ]);
    expect([await result().info(), await result().traceback(), await result().dateDone()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await result().children()).toEqual([]);
  });

  it.each([
    ['STARTED', { pid: 1 }, [false, false, false]],
    ['RETRY', remoteError(), [false, false, false]],
    ['PROGRESS', { done: 3 }, [false, false, false]],
    ['SUCCESS', 3, [true, true, false]],
    ['FAILURE', remoteError(), [true, false, true]],
    ['REVOKED', remoteError(), [true, false, false]],
  ])('tells what %s means', async (status, info, [ready, successful, failed]) => {
    const { result, store } = await aResultWorld();
    await store('a', { status, result: info, traceback: 'a stack' });
    expect(await result().state()).toBe(status);
    expect(await result().ready()).toBe(ready);
    expect(await result().successful()).toBe(successful);
    expect(await result().failed()).toBe(failed);
    expect(await result().info()).toEqual(info);
    expect(await result().traceback()).toBe('a stack');
  });

  it.each([
    ['2026-11-21T04:04:33.677094', '2026-11-21T04:04:33.677Z'],
    ['2026-11-21T04:05:36.329335+00:00', '2026-11-21T04:05:36.329Z'],
    ['2026-11-21T06:05:36.329335+02:00', '2026-11-21T04:05:36.329Z'],
  ])('reads when the task ended in every form that Celery wrote: %s', async (dateDone, iso) => {
    const { result, store } = await aResultWorld();
    await store('a', { dateDone });
    expect((await result().dateDone())?.toISOString()).toBe(iso);
  });

  it('does not ask again for what is final, until it is forgotten', async () => {
    const { backend, result, store } = await aResultWorld();
    await store('a', { status: 'STARTED' });
    const handle = result();
    expect(await handle.state()).toBe('STARTED');
    await store('a', { result: 1 });
    expect([await handle.state(), await handle.get(), await handle.info()]).toEqual(['SUCCESS', 1, 1]);
    expect(backend.gets).toBe(2);
    await handle.forget();
    expect(await handle.state()).toBe('PENDING');
  });

  it('lists what its task sent, a group with its members', async () => {
    const { result, store } = await aResultWorld();
    const group = [
      ['g', null],
      [
        [['b', null], null],
        [['c', null], null],
      ],
    ];
    await store('a', { children: [[['child', [['p', null], null]], null], group, 'no result'] });
    const children = await result().children();
    expect(children.map(({ id, kind }) => [id, kind])).toEqual([
      ['child', 'task'],
      ['g', 'group'],
    ]);
    expect((await children[1]?.children())?.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(children[0]?.parent?.id).toBe('p');
    expect(children[1]?.parent).toBeUndefined();
  });

  it('revokes through the function it was given, and says so where there is none', async () => {
    const revoked: unknown[] = [];
    const able = await aResultWorld({ revoke: async (ids) => void revoked.push(ids) });
    await able.result('x').revoke();
    expect(revoked).toEqual(['x']);
    const unable = await aResultWorld();
    await expect(unable.result('x').revoke()).rejects.toThrow(UnsupportedError);
  });
});

describe('collect', () => {
  it('yields the result and those of everything it sent, parents first, each once', async () => {
    const { result, store, leftovers } = await aResultWorld();
    const child = (id: string) => [[id, null], null];
    await store('a', { result: 1, children: [child('b'), child('c'), child('a')] });
    await store('b', { result: 2, children: [child('d')] });
    await store('c', { result: 3 });
    await store('d', { result: 4, children: null as never });
    const seen: [string, unknown][] = [];
    for await (const [{ id }, value] of result().collect({ timeout: 5 })) seen.push([id, value]);
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('yields a group with the list of its values, then its members', async () => {
    const { result, store } = await aResultWorld();
    const [b, c] = ['b', 'c'].map((id) => [[id, null], null]);
    await store('a', {
      result: 1,
      children: [
        [
          ['g', null],
          [b, c],
        ],
      ],
    });
    await store('b', { result: 2 });
    await store('c', { result: 3 });
    const seen: [string, unknown][] = [];
    for await (const [{ id }, value] of result().collect()) seen.push([id, value]);
    expect(seen).toEqual([
      ['a', 1],
      ['g', [2, 3]],
      ['b', 2],
      ['c', 3],
    ]);
  });

  it('waits for those that are not there yet, and throws a failure', async () => {
    const { result, store } = await aResultWorld();
    const values = result().collect();
    const first = values.next();
    await store('a', { result: 1, children: [[['b', null], null]] });
    expect((await first).value?.[1]).toBe(1);
    const second = expect(values.next()).rejects.toMatchObject({ taskId: 'b' });
    await store('b', { status: 'FAILURE', result: remoteError() });
    await second;
  });
});

describe('onProgress', () => {
  it("tells the task's own states until it has ended, and lets go by itself", async () => {
    const { result, store, leftovers } = await aResultWorld();
    const seen: unknown[] = [];
    result().onProgress((state, info) => seen.push([state, info]));
    await store('a', { status: 'STARTED', result: { pid: 1 } });
    await store('a', { status: 'PROGRESS', result: { done: 1 } });
    await store('a', { status: 'RETRY', result: remoteError() });
    await store('a', { status: 'UPLOADING', result: { done: 2 } });
    await store('a', { result: 'end' });
    await Promise.resolve();
    expect(seen).toEqual([
      ['PROGRESS', { done: 1 }],
      ['UPLOADING', { done: 2 }],
    ]);
    expect(leftovers()).toEqual(NOTHING);
  });

  it('tells nothing after it was stopped', async () => {
    const { result, store, leftovers } = await aResultWorld();
    const seen: unknown[] = [];
    const progress = result().onProgress((state) => seen.push(state));
    const stored = store('a', { status: 'PROGRESS', result: 1 });
    progress.stop();
    progress.stop();
    await stored;
    expect(seen).toEqual([]);
    expect(leftovers()).toEqual(NOTHING);
  });
});

describe('result tuples', () => {
  it('hand a chain over as Celery does', async () => {
    const { result, deps } = await aResultWorld();
    const last = result('U3', result('U4', result('U1')));
    const tuple = [['U3', [['U4', [['U1', null], null]], null]], null];
    expect(last.asTuple()).toEqual(tuple);
    expect(resultFromTuple(tuple, deps)?.asTuple()).toEqual(tuple);
  });

  it.each([
    [null],
    ['id'],
    [[]],
    [[['id', null]]],
    [[[1, null], null]],
    [{ 0: ['id', null], 1: null, length: 2 }],
  ])('are told from what is none: %j', async (tuple) => {
    const { deps } = await aResultWorld();
    expect(resultFromTuple(tuple, deps)).toBeUndefined();
  });

  it('that never end are read up to a depth', async () => {
    const { deps } = await aResultWorld();
    const endless: unknown[] = [['a', null], null];
    (endless[0] as unknown[])[1] = endless;
    expect(resultFromTuple(endless, deps)?.id).toBe('a');
  });
});
