import { describe, expect, it } from 'vitest';
import { plainQueue } from '../../lib/broker/topology.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import { chord } from '../../lib/canvas/chord.js';
import { InvalidCanvasError } from '../../lib/errors.js';
import type { SignatureDict } from '../../lib/message/signature.js';
import { aMessage } from '../support/a-message.js';
import { ChordWorld, step } from './chord-world.js';

const QUARANTINE = 'celery.quarantine';

function dict(task: string, rest: Partial<Record<keyof SignatureDict, unknown>> = {}): object {
  return { task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false, ...rest };
}
const canvas = (type: string, kwargs: object, options = {}): object =>
  dict(`celery.${type}`, { subtask_type: type, kwargs, options });

/** Groups in groups. */
function nested(depth: number): object {
  return depth === 0 ? dict('add') : canvas('group', { tasks: [nested(depth - 1)] });
}

/** Canvases that no worker can send on, and what is wrong with them. */
const BAD: readonly (readonly [what: string, bad: object, problem: string])[] = [
  ['an unknown kind', dict('celery.heap', { subtask_type: 'heap' }), 'its subtask_type "heap" is unknown'],
  ['steps that are no list', canvas('chain', { tasks: 'abc' }), 'its tasks is no list of signatures'],
  ['members that are no list', canvas('group', { tasks: { a: 1 } }), 'its tasks is no list of signatures'],
  ['a step that is none', canvas('chain', { tasks: [1] }), 'its tasks holds what is no signature'],
  ['a step without a task', canvas('chain', { tasks: [dict('')] }), 'its tasks holds what is no signature'],
  [
    'a chord without a header',
    canvas('chord', { body: dict('body') }),
    'its header holds what is no signature',
  ],
  ['a chord without a body', canvas('chord', { header: [] }), 'its body holds what is no signature'],
  ['too many levels', nested(101), 'nested deeper than 100 levels'],
  [
    'an unknown kind inside',
    canvas('group', { tasks: [dict('x', { subtask_type: 'heap' })] }),
    '"heap" is unknown',
  ],
];

/** By default a body nested as deep as this is not even read. */
const READS_ALL = { maxBodyDepth: 1_000 };

function message(embed: object, headers: object = {}) {
  const none = { callbacks: null, errbacks: null, chain: null, chord: null };
  return aMessage({
    body: JSON.stringify([[1, 2], {}, { ...none, ...embed }]),
    headers: { task: 'add', id: 'the-task', root_id: 'the-task', ...headers },
    properties: { correlationId: 'the-task' },
  });
}

describe('a canvas that cannot be sent on, in a message', () => {
  const places = ['callbacks', 'errbacks', 'chain', 'chord'] as const;

  it.each(BAD.flatMap(([what, bad, problem]) => places.map((place) => [what, place, bad, problem] as const)))(
    '%s in its %s: the message is put aside, and its task has failed',
    async (_what, place, bad, problem) => {
      await using world = await ChordWorld.open(READS_ALL);
      const group = place === 'chord' ? { group: 'g', group_index: 0 } : {};
      await publish(world, message({ [place]: place === 'chord' ? bad : [bad] }, group));
      await world.elapse(2);
      const meta = await world.metaOf('the-task');
      expect(meta).toMatchObject({ status: 'FAILURE', result: { exc_type: 'Reject' } });
      expect(JSON.stringify(meta?.result)).toContain(problem.replaceAll('"', String.raw`\"`));
      expect(await world.broker.size(QUARANTINE)).toBe(1);
      // It is over: nothing is tried again.
      const before = world.lines.length;
      await world.elapse(60);
      expect(world.lines.slice(before)).toEqual([]);
    },
  );

  it.each(BAD)('%s: who waits for the task is told all the same', async (_what, bad) => {
    await using world = await ChordWorld.open(READS_ALL);
    const body = dict('body', { options: { task_id: 'the-body' } });
    const last = dict('add', {
      options: { task_id: 'last', group_id: 'g', group_index: 0, chord: body },
    });
    await world.backend.chords?.open({
      groupId: 'g',
      size: 1,
      end: { body: body as SignatureDict, rootId: 'root' },
      lostAfterMs: 86_400_000,
    });
    await publish(world, message({ chain: [last], callbacks: [bad], errbacks: [dict('heard')] }));
    await world.elapse(2);
    expect(await world.metaOf('last')).toMatchObject({ status: 'FAILURE', result: { exc_type: 'Reject' } });
    expect(await world.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError' },
    });
    expect(world.heard.map(({ args }) => args)).toEqual([['the-task']]);
  });

  it('a body that can never be sent fails with its chord, and what was to follow it', async () => {
    await using world = await ChordWorld.open();
    const body = step('body', [], { taskId: 'the-body', exchange: 'nowhere', routingKey: 'x' });
    await world.send(chord([step('add', [1, 2])], body.linkError(step('heard'))));
    await world.elapse(60);
    const meta = await world.metaOf('the-body');
    expect(meta).toMatchObject({ status: 'FAILURE', result: { exc_type: 'ChordError' } });
    expect(JSON.stringify(meta?.result)).toContain('Callback error: ');
    expect(world.heard).toHaveLength(1);
    expect(await world.backend.chords?.abandoned(10, [])).toEqual([]);
  });
});

describe('a canvas that cannot be sent, at the client', () => {
  const hand = (parts: object): AnyCanvas => ({ options: {}, immutable: false, ...parts }) as AnyCanvas;
  const circle = { kind: 'group', members: [] as unknown[], options: {}, immutable: false };
  circle.members.push(circle);
  const deep = (depth: number): AnyCanvas =>
    depth === 0 ? step('add', [1, 2]) : hand({ kind: 'group', members: [deep(depth - 1)] });

  it.each<[what: string, bad: AnyCanvas, problem: string]>([
    ['one that holds itself', circle as never, 'holds itself'],
    ['too many levels', deep(102), 'nested deeper than 100 levels'],
    ['an unknown kind', hand({ kind: 'heap', steps: [] }), 'expected a canvas'],
    ['steps that are no list', hand({ kind: 'chain', steps: 'ab' }), 'no list'],
    ['a step that is none', hand({ kind: 'chain', steps: [1] }), 'expected a canvas'],
    ['a step without a task', hand({ kind: 'chain', steps: [hand({ kind: 'task' })] }), 'expected a canvas'],
    ['nothing', hand({ kind: 'chain', steps: [] }), 'there is nothing to send'],
  ])('%s', async (_what, bad, problem) => {
    await using world = await ChordWorld.open();
    const sending = world.app.client.applyAsync(bad as never);
    await expect(sending).rejects.toThrow(InvalidCanvasError);
    await expect(sending).rejects.toThrow(problem);
    expect(world.published).toEqual([]);
  });
});

function publish(world: ChordWorld, wire: ReturnType<typeof message>): Promise<void> {
  return world.broker.publish({ exchange: '', routingKey: 'celery', queue: plainQueue('celery') }, wire);
}
