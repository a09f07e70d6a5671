import { describe, expect, it } from 'vitest';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { group } from '../../lib/canvas/group.js';
import type { TaskContext } from '../../lib/context/task.context.js';
import { ChordWorld, step } from './chord-world.js';

const body = step('body', [], { taskId: 'the-body' });
const pair = [step('add', [1, 2]), step('add', [3, 4])];

describe('task.replace()', () => {
  const replacing = (canvas: unknown) => ({
    tasks: { host: (context: TaskContext) => context.replace(canvas as never) },
  });

  it.each([
    ['a task', step('add', [1, 2]), 3],
    ['a chain', chain(step('add', [1, 2]), step('add', [10])), 13],
    ['a chord', chord(pair, step('late')), [3, 7]],
    ['a group', group(pair), [3, 7]],
    [
      'a chain that ends in a group',
      chain(step('add', [1, 2]), group(step('add', [1]), step('add', [2]))),
      [4, 5],
    ],
    ['an empty group', group(), []],
  ])('by %s: its end is the task', async (_what, canvas, result) => {
    await using world = await ChordWorld.open(replacing(canvas));
    await world.send(
      chain(step('host', [], { taskId: 'host' }), step('late', [], { taskId: 'next' }).link(step('body'))),
    );
    await world.elapse(2);
    expect(await world.metaOf('host')).toMatchObject({ status: 'SUCCESS', result });
    expect(await world.metaOf('next')).toMatchObject({ status: 'SUCCESS', result });
    expect(world.bodies.map(({ args }) => args)).toEqual([[result]]);
  });

  it('its callbacks are called once, its error callbacks by what fails in its place', async () => {
    await using world = await ChordWorld.open(replacing(chain(step('add', [1, 2]), step('add', [10]))));
    await world.send(step('host').link(step('body')));
    await world.elapse(2);
    expect(world.bodies.map(({ args }) => args)).toEqual([[13]]);

    await using failing = await ChordWorld.open(
      replacing(chain(step('boom', [], { taskId: 'bad' }), step('late'))),
    );
    await failing.send(step('host', [], { taskId: 'host' }).linkError(step('heard')));
    await failing.elapse(2);
    expect(failing.heard.map(({ args }) => args)).toEqual([['bad']]);
    expect(await failing.metaOf('host')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'TypeError' },
    });
  });

  it('in a header its chord waits for what is in its place', async () => {
    await using world = await ChordWorld.open(replacing(chord(pair, step('late', [], { countdown: 5 }))));
    await world.send(chord([step('host'), step('add', [5, 5])], body));
    await world.elapse(3);
    expect(world.bodies).toEqual([]);
    await world.elapse(5);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[[3, 7], 10]] }]);
  });

  it('by nothing is a failure', async () => {
    const nothing = Object.freeze({ kind: 'chain', steps: [], options: {}, immutable: false });
    await using world = await ChordWorld.open(replacing(nothing));
    await world.send(step('host', [], { taskId: 'host' }));
    await world.elapse(2);
    expect(await world.metaOf('host')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'InvalidCanvasError' },
    });
  });
});

describe('task.addToChord()', () => {
  const adding = {
    tasks: {
      more: async (context: TaskContext, value: number) => {
        await context.addToChord(step('add', [value, 100]));
        return value;
      },
    },
  };

  it('its body waits for the part that was added, and gets its result too', async () => {
    await using world = await ChordWorld.open(adding);
    await world.send(chord([step('more', [1]), step('add', [3, 4])], body));
    await world.elapse(2);
    expect(world.bodies).toHaveLength(1);
    const [list] = world.bodies[0]?.args ?? [];
    expect([...(list as number[])].toSorted((one, other) => one - other)).toEqual([1, 7, 101]);
    await world.elapse(60);
    expect(world.bodies).toHaveLength(1);
  });

  it('outside of a chord, and where nobody counts, fails the task', async () => {
    await using world = await ChordWorld.open(adding);
    await world.send(step('more', [1], { taskId: 'alone' }));
    await world.elapse(2);
    expect(await world.metaOf('alone')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'InvalidCallError' },
    });

    await using uncounted = await ChordWorld.open({ ...adding, uncounted: true });
    await uncounted.send(chord([step('more', [1]), step('add', [3, 4])], body));
    await uncounted.elapse(5);
    expect(await uncounted.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError' },
    });
  });
});

describe('what is known of a workflow', () => {
  it('all its tasks have the root of its first, and each the one before as its parent', async () => {
    const seen: Record<string, unknown> = {};
    await using world = await ChordWorld.open({
      tasks: {
        see: ({ id, rootId, parentId }: TaskContext, ..._given: unknown[]) =>
          void (seen[id] = [rootId, parentId]),
      },
    });
    const see = (id: string) => step('see', [], { taskId: id });
    const end = see('end').link(see('callback'));
    await world.send(chain(see('first'), group([see('left'), see('right')]), end));
    await world.elapse(2);
    expect(seen).toMatchObject({
      first: ['first', undefined],
      left: ['first', 'first'],
      right: ['first', 'first'],
      callback: ['first', 'end'],
    });
    const [root, parent] = seen['end'] as unknown[];
    expect(root).toBe('first');
    expect(['left', 'right']).toContain(parent);
  });

  it('what a task sends is listed among its children, whatever it is', async () => {
    await using world = await ChordWorld.open({
      tasks: { sends: async (context: TaskContext) => void (await context.send(group(pair) as never)) },
    });
    await world.send(step('sends', [], { taskId: 'parent' }).link(step('body', [], { taskId: 'linked' })));
    await world.elapse(2);
    const meta = await world.metaOf('parent');
    expect(meta?.children).toMatchObject([
      [
        [expect.any(String), null],
        [
          [[expect.any(String), null], null],
          [[expect.any(String), null], null],
        ],
      ],
      [['linked', null], null],
    ]);
  });

  it('links of a group, a chain and a chord are called once each', async () => {
    await using world = await ChordWorld.open();
    await world.send(group(pair).link(step('body', ['of the group'])) as never);
    await world.send(
      chain(step('add', [1, 1]), step('add', [1])).link(step('body', ['of the chain']) as never),
    );
    await world.send(chord(pair, step('late')).link(step('body', ['of the chord']) as never));
    await world.elapse(2);
    const args = world.bodies.map((each) => each.args);
    expect(args).toHaveLength(3);
    expect(args).toContainEqual(['of the group']);
    expect(args).toContainEqual([3, 'of the chain']);
    expect(args).toContainEqual([[3, 7], 'of the chord']);
  });
});
