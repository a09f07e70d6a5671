import { describe, expect, it } from 'vitest';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { group } from '../../lib/canvas/group.js';
import { ChordWorld, step } from './chord-world.js';

const uncounted = { uncounted: true };
const body = step('body', [], { taskId: 'the-body' });

describe('a chord on a backend that counts no parts', () => {
  it('runs its body with the results, in the order of the header', async () => {
    await using world = await ChordWorld.open(uncounted);
    await world.send(chord([step('add', [1, 2]), step('add', [3, 4])], body));
    await world.elapse(2);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[3, 7]] }]);
    expect(await world.metaOf('the-body')).toMatchObject({ status: 'SUCCESS', result: [3, 7] });
    expect(world.published.filter((task) => task === 'celery.chord_unlock')).toHaveLength(1);
  });

  it('looks again each second until all parts have ended', async () => {
    await using world = await ChordWorld.open(uncounted);
    await world.send(chord([step('add', [1, 2]), step('add', [3, 4], { countdown: 5 })], body));
    await world.elapse(4);
    expect(world.bodies).toEqual([]);
    await world.elapse(4);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[3, 7]] }]);
  });

  it('fails when a part has failed, and tells it once', async () => {
    await using world = await ChordWorld.open(uncounted);
    const told = body.linkError(step('heard'));
    await world.send(chord([step('add', [1, 2]), step('boom', [], { taskId: 'bad' })], told));
    await world.elapse(10);
    expect(world.bodies).toEqual([]);
    expect(world.heard.map(({ args }) => args)).toEqual([['the-body']]);
    expect(await world.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError', exc_message: ["Dependency bad raised TypeError('boom')"] },
    });
  });

  it('a part that comes to a group is a list of its own', async () => {
    await using world = await ChordWorld.open(uncounted);
    const header = [
      chain(step('add', [1, 2]), group(step('add', [10]), step('add', [20]))),
      step('add', [5, 5]),
    ];
    await world.send(chord(header as never, body));
    await world.elapse(5);
    expect(world.bodies.map(({ args }) => args)).toEqual([[[[13, 23], 10]]]);
  });

  it('chords in chords wait for the bodies inside', async () => {
    await using world = await ChordWorld.open(uncounted);
    const inner = chord([step('add', [1, 2]), step('add', [3, 4])], step('body', [], { taskId: 'inner' }));
    await world.send(chord([inner, step('add', [5, 5])] as never, body));
    await world.elapse(5);
    expect(world.bodies).toEqual([
      { id: 'inner', args: [[3, 7]] },
      { id: 'the-body', args: [[[3, 7], 10]] },
    ]);
  });

  it('inside of a chain the rest waits for it, and fails with it', async () => {
    await using world = await ChordWorld.open(uncounted);
    const good = group(step('add', [1]), step('add', [2]));
    await world.send(
      chain(step('add', [1, 1]), good, step('body'), step('body', [], { taskId: 'end' })) as never,
    );
    const bad = group(step('boom'), step('add', [2]));
    await world.send(
      chain(step('add', [1, 1]), bad, step('body'), step('body', [], { taskId: 'never' })) as never,
    );
    await world.elapse(5);
    expect(await world.metaOf('end')).toMatchObject({ status: 'SUCCESS', result: [3, 4] });
    expect(await world.metaOf('never')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError' },
    });
  });

  it.each([
    ['at the same time', 0],
    ['after its body has ended', 30],
  ])('is looked after twice, %s: one body', async (_when, laterSeconds) => {
    await using world = await ChordWorld.open(uncounted);
    const { broker } = world.app;
    const publish = broker.publish.bind(broker);
    const again: (() => Promise<void>)[] = [];
    Object.defineProperty(broker, 'publish', {
      value: async (...call: Parameters<typeof publish>) => {
        if (call[1].headers['task'] === 'celery.chord_unlock') again.push(() => publish(...call));
        return publish(...call);
      },
    });
    await world.send(chord([step('add', [1, 2]), step('add', [3, 4])], body));
    await world.elapse(laterSeconds);
    for (const each of again.splice(0)) await each();
    await world.elapse(5);
    expect(world.bodies).toHaveLength(1);
  });

  it('comes again when its worker dies under it', async () => {
    await using world = await ChordWorld.open(uncounted);
    world.breakAt('started', false, false, true);
    await world.send(chord([step('add', [1, 2]), step('add', [3, 4])], body));
    await world.elapse(20);
    expect(world.lines.filter((line) => line.includes('broken off'))).toHaveLength(1);
    expect(world.bodies).toHaveLength(1);
  });

  it('fails when a part is lost', async () => {
    await using world = await ChordWorld.open({
      ...uncounted,
      resultChordLostAfter: 20,
      loses: (task) => task === 'boom',
    });
    const told = body.linkError(step('heard'));
    await world.send(chord([step('add', [1, 2]), step('boom', [], { taskId: 'lost' })], told));
    await world.elapse(15);
    expect(await world.metaOf('the-body')).toBeUndefined();
    await world.elapse(15);
    expect(await world.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: {
        exc_type: 'ChordError',
        exc_message: ['1 of 2 tasks never ended: their messages or workers were lost'],
      },
    });
    expect(world.heard).toHaveLength(1);
  });

  it('gives up after as many looks as Python allowed it', async () => {
    await using world = await ChordWorld.open(uncounted);
    const never = [[['never', null], null]];
    const dict = {
      task: 'body',
      args: [],
      kwargs: {},
      options: { task_id: 'the-body' },
      subtask_type: null,
      immutable: false,
    };
    const kwargs = { interval: 2, max_retries: 3, result: never };
    await world.send(step('celery.chord_unlock', ['g', dict], { kwargs, taskId: 'unlock' }));
    await world.elapse(30);
    expect(world.published.filter((task) => task === 'celery.chord_unlock')).toHaveLength(4);
    expect(await world.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError' },
    });
  });

  it.each([
    ['a group id that is no text', [1, {}], {}],
    ['a body that is no signature', ['g', {}], {}],
    ['a result that is no list', ['g', { task: 'body', args: [], kwargs: {}, options: {} }], { result: 1 }],
    [
      'a result that holds no tuples',
      ['g', { task: 'body', args: [], kwargs: {}, options: {} }],
      { result: [1] },
    ],
  ])('%s is a call that fails', async (_what, args, kwargs) => {
    await using world = await ChordWorld.open(uncounted);
    await world.send(step('celery.chord_unlock', args, { kwargs, taskId: 'unlock' }));
    await world.elapse(3);
    expect(await world.metaOf('unlock')).toMatchObject({ status: 'FAILURE' });
  });
});
