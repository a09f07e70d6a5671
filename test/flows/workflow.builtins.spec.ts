import { describe, expect, it } from 'vitest';
import type { SignatureDict } from '../../lib/message/signature.js';
import { ChordWorld, step } from './chord-world.js';

function dict(task: string, args: readonly unknown[] = [], taskId?: string): SignatureDict {
  const options = taskId === undefined ? {} : { task_id: taskId };
  return { task, args, kwargs: {}, options, subtask_type: null, immutable: false };
}

/** What the builtin task comes to, called as Celery calls it. */
async function called(
  world: ChordWorld,
  task: string,
  kwargs: Readonly<Record<string, unknown>>,
  args: readonly unknown[] = [],
) {
  await world.send(step(task, args, { kwargs, taskId: 'the-call' }));
  await world.elapse(5);
  const meta = await world.metaOf('the-call');
  return meta?.status === 'SUCCESS' ? meta.result : meta;
}

describe('Celery’s builtin tasks', () => {
  it.each<
    [task: string, kwargs: Readonly<Record<string, unknown>>, args: readonly unknown[], result: unknown]
  >([
    ['celery.map', { task: dict('late'), it: ['a', 'b'] }, [], ['a', 'b']],
    ['celery.map', { task: dict('add', [10]), it: [1, 2] }, [], [11, 12]],
    ['celery.map', { task: dict('late'), it: [] }, [], []],
    [
      'celery.starmap',
      {
        task: dict('add'),
        it: [
          [1, 2],
          [3, 4],
        ],
      },
      [],
      [3, 7],
    ],
    ['celery.starmap', {}, [dict('add'), [[1, 2]]], [3]],
    ['celery.accumulate', { index: 0 }, ['a', 'b'], 'a'],
    ['celery.accumulate', { index: -1 }, ['a', 'b'], 'b'],
    ['celery.accumulate', {}, ['a', 'b'], ['a', 'b']],
    ['celery.backend_cleanup', {}, [], null],
  ])('%s %#', async (task, kwargs, args, result) => {
    await using world = await ChordWorld.open();
    expect(await called(world, task, kwargs, args)).toEqual(result);
  });

  it('celery.map calls the task here: no messages', async () => {
    await using world = await ChordWorld.open();
    await called(world, 'celery.map', { task: dict('late'), it: ['a', 'b', 'c'] });
    expect(world.published).toEqual(['celery.map']);
  });

  it('celery.chunks sends a group of starmaps, and gives what it was promised', async () => {
    await using world = await ChordWorld.open();
    const tuple = await called(world, 'celery.chunks', {
      task: dict('add'),
      it: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      n: 2,
    });
    expect(world.published).toEqual(['celery.chunks', 'celery.starmap', 'celery.starmap']);
    const [, members] = tuple as [unknown, [[string, null], null][]];
    const results = await Promise.all(members.map(async ([[id]]) => (await world.metaOf(id))?.result));
    expect(results).toEqual([[3, 7], [11]]);
  });

  it('celery.group sends its tasks with the partial arguments in front', async () => {
    await using world = await ChordWorld.open();
    const tasks = [dict('add', [10], 'one'), dict('add', [20], 'two')];
    const kwargs = { tasks, result: 'what the sender was promised', group_id: 'g', partial_args: [1] };
    expect(await called(world, 'celery.group', kwargs)).toBe('what the sender was promised');
    const metas = [await world.metaOf('one'), await world.metaOf('two')];
    expect(metas.map((meta) => [meta?.result, meta?.groupId])).toEqual([
      [11, 'g'],
      [21, 'g'],
    ]);
  });

  it('celery.chord sends its header, and its body with the results', async () => {
    await using world = await ChordWorld.open();
    const header = [dict('add', [1]), dict('add', [2])];
    const body = dict('body', [], 'the-body');
    const tuple = await called(world, 'celery.chord', { header, body, partial_args: [10] });
    expect(tuple).toMatchObject([['the-body', [expect.any(Array), expect.any(Array)]], null]);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[11, 12]] }]);
  });

  it.each<[task: string, kwargs: Readonly<Record<string, unknown>>, problem: string]>([
    ['celery.chain', { tasks: [] }, 'a chain is sent step by step'],
    ['celery.map', { task: dict('nobody'), it: [1] }, 'nobody'],
    ['celery.map', { task: 'late', it: [1] }, 'its task holds what is no signature'],
    ['celery.map', { task: dict('late'), it: 'abc' }, 'its it must be a list'],
    ['celery.starmap', { task: dict('add'), it: [1] }, 'its it must be a list'],
    ['celery.chunks', { task: dict('add'), it: [[1, 2]], n: 0 }, 'its n must be a whole number'],
    ['celery.group', { tasks: [1] }, 'its tasks holds what is no signature'],
    ['celery.chord', { header: [1], body: dict('body') }, 'holds what is no signature'],
    ['celery.chord', { header: [], body: 1 }, 'holds what is no signature'],
  ])('%s %#: what it cannot do fails', async (task, kwargs, problem) => {
    await using world = await ChordWorld.open();
    const meta = await called(world, task, kwargs);
    expect(meta).toMatchObject({ status: 'FAILURE' });
    expect(JSON.stringify(meta)).toContain(problem);
  });
});
