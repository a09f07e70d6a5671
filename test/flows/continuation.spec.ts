import { describe, expect, it } from 'vitest';
import type { ChordPart, ChordStore } from '../../lib/backend/chord-store.js';
import { PublishError } from '../../lib/errors.js';
import type { SignatureDict } from '../../lib/message/signature.js';
import { Ignore, Reject } from '../../lib/task/task.signals.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import type { KeptResults } from './kept-results.js';
import { startWorld } from './world.js';

/** A step as Celery writes it. */
function step(task: string, taskId?: string, rest: Partial<SignatureDict> = {}): SignatureDict {
  const options = taskId === undefined ? {} : { task_id: taskId };
  return { task, args: [], kwargs: {}, options, subtask_type: null, immutable: false, ...rest };
}

/** A message with what follows it. */
function taskMessage(id: string, task: string, embed: object) {
  const body = JSON.stringify([
    [],
    {},
    { callbacks: null, errbacks: null, chain: null, chord: null, ...embed },
  ]);
  return aMessage({ body, headers: { task, id, root_id: 'the-root' }, properties: { correlationId: id } });
}

interface Seen {
  readonly args: readonly unknown[];
  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly groupId: string | undefined;
}

/** A world whose task `note` tells what it got. */
async function notingWorld(tasks: Parameters<typeof startWorld>[0]['tasks'], deps = {}) {
  const noted: Seen[] = [];
  const world = await startWorld({
    tasks: {
      ...tasks,
      note: ({ args, rootId, parentId, groupId }) => void noted.push({ args, rootId, parentId, groupId }),
    },
    deps,
  });
  return Object.assign(world, { noted });
}

describe('after success', () => {
  it('one callback gets the result in front of its arguments', async () => {
    await using world = await notingWorld({ ok: () => 'value' });
    await world.publish(taskMessage('t', 'ok', { callbacks: [step('note', 'cb', { args: ['own'] })] }));
    await eventually(() => world.noted.length === 1);
    expect(world.noted[0]).toEqual({
      args: ['value', 'own'],
      rootId: 'the-root',
      parentId: 't',
      groupId: undefined,
    });
    expect(world.results.last('t')?.children).toEqual([[['cb', null], null]]);
  });

  it('an immutable one does not', async () => {
    await using world = await notingWorld({ ok: () => 'value' });
    await world.publish(taskMessage('t', 'ok', { callbacks: [step('note', 'cb', { immutable: true })] }));
    await eventually(() => world.noted.length === 1);
    expect(world.noted[0]?.args).toEqual([]);
  });

  it('several are sent together as one new group', async () => {
    await using world = await notingWorld({ ok: () => 1 });
    await world.publish(taskMessage('t', 'ok', { callbacks: [step('note', 'a'), step('note', 'b')] }));
    await eventually(() => world.noted.length === 2);
    const [first, second] = world.noted;
    expect(first?.groupId).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.groupId).toBe(first?.groupId);
    expect(world.results.last('t')?.children).toEqual([
      [
        [first?.groupId, null],
        [
          [['a', null], null],
          [['b', null], null],
        ],
      ],
    ]);
  });

  it('the last element of the chain runs next and carries the rest', async () => {
    await using world = await notingWorld({ ok: () => 1, add: ({ args: [a] }) => Number(a) + 1 });
    await world.publish(taskMessage('t', 'ok', { chain: [step('note', 'third'), step('add', 'second')] }));
    await eventually(() => world.noted.length === 1);
    expect(world.noted[0]).toMatchObject({ args: [2], rootId: 'the-root', parentId: 'second' });
    expect(world.results.last('t')?.children).toEqual([[['second', null], null]]);
    expect(world.results.last('second')?.children).toEqual([[['third', null], null]]);
  });

  it('a callback that cannot be published hands a late-acknowledged message back', async () => {
    let down = true;
    await using world = await notingWorld({ ok: { acksLate: true, run: () => 1 } });
    const send = world.producer.sendDict.bind(world.producer);
    world.producer.sendDict = (...call) =>
      down ? Promise.reject(new PublishError('celery', false, 'down')) : send(...call);
    await world.publish(taskMessage('t', 'ok', { callbacks: [step('note', 'cb')] }));
    await eventually(() => world.lines.some((line) => line.includes('could not be settled')));
    expect(world.results.stored).toEqual([]);
    down = false;
    await world.clock.advance(1_000);
    await world.until('t', 'SUCCESS');
    await eventually(() => world.noted.length === 1);
  });

  it('a message with a callback that is no canvas is put aside', async () => {
    await using world = await notingWorld({ ok: { acksLate: true, run: () => 1 } });
    const chord = step('celery.chord', undefined, { subtask_type: 'chord' });
    await world.publish(taskMessage('t', 'ok', { callbacks: [chord] }));
    await eventually(() =>
      world.lines.some((line) => line.includes('its header holds what is no signature')),
    );
    expect((await world.until('t', 'FAILURE')).result).toMatchObject({ exc_type: 'Reject' });
  });
});

const failing = {
  bad: () => {
    throw new TypeError('no');
  },
};

describe('after failure', () => {
  it('errbacks get the id of the failed task, as a group', async () => {
    await using world = await notingWorld(failing);
    await world.publish(taskMessage('t', 'bad', { errbacks: [step('note', 'e', { args: ['own'] })] }));
    await eventually(() => world.noted.length === 1);
    expect(world.noted[0]).toMatchObject({ args: ['t', 'own'], rootId: 'the-root', parentId: 't' });
    expect(world.noted[0]?.groupId).toMatch(/^[0-9a-f-]{36}$/);
    expect(world.results.last('t')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'TypeError', exc_message: ['no'], exc_module: 'builtins' },
    });
    expect(world.lines).toContainEqual(`error Task bad[t] raised unexpected: TypeError('no') +stack`);
  });

  it('every later step of the chain fails with it, in the order of the list', async () => {
    await using world = await notingWorld(failing);
    await world.publish(taskMessage('t', 'bad', { chain: [step('note', 'c3'), step('note', 'c2')] }));
    await eventually(() => world.results.stored.length === 3);
    expect(world.results.stored.map(({ meta }) => [meta.taskId, meta.status])).toEqual([
      ['t', 'FAILURE'],
      ['c3', 'FAILURE'],
      ['c2', 'FAILURE'],
    ]);
    expect(world.noted).toEqual([]);
  });

  it('an expected error is logged without its stack', async () => {
    await using world = await notingWorld({ bad: { throws: [TypeError], run: failing.bad } });
    await world.publish(taskMessage('t', 'bad', {}));
    await world.until('t', 'FAILURE');
    await world.idle();
    expect(world.lines).toContainEqual(`log Task bad[t] raised expected: TypeError('no')`);
  });

  it('is stored although results are ignored when the task says so', async () => {
    await using world = await startWorld({
      tasks: {
        kept: { ignoreResult: true, storeErrorsEvenIfIgnored: true, run: failing.bad },
        gone: { ignoreResult: true, run: failing.bad },
      },
    });
    await world.send('gone');
    await world.until(await world.send('kept'), 'FAILURE');
    expect(world.results.stored).toHaveLength(1);
  });
});

describe('a part of a chord', () => {
  const chord = step('note', 'the-body');
  const part = (embed: object) => ({ headers: { group: 'g', group_index: 2 }, embed: { chord, ...embed } });

  it('is counted with its result, after that was stored', async () => {
    await using world = await notingWorld({ ok: () => 7 });
    const counted = counting(world.results);
    await world.publish(partMessage('t', 'ok', part({})));
    await eventually(() => counted.length === 1);
    expect(counted[0]).toMatchObject({
      taskId: 't',
      groupId: 'g',
      groupIndex: 2,
      state: 'SUCCESS',
      result: 7,
    });
    expect(counted[0]?.storedBefore).toBe(1);
  });

  it('is counted as failed when a chain that ends in it fails', async () => {
    await using world = await notingWorld(failing);
    const counted = counting(world.results);
    const last = step('note', 'last', { options: { task_id: 'last', chord, group_id: 'g', group_index: 3 } });
    await world.publish(taskMessage('t', 'bad', { chain: [last] }));
    await eventually(() => counted.length === 1);
    expect(counted[0]).toMatchObject({ taskId: 'last', state: 'FAILURE', groupId: 'g', groupIndex: 3 });
  });

  it.each([
    ['unknown here', 'nobody', {}, 'NotRegistered'],
    ['expired', 'ok', { expires: '2020-01-01T00:00:00+00:00' }, 'TaskRevokedError'],
    ['rejected', 'rejecting', {}, 'Reject'],
    ['ignored', 'ignoring', {}, 'Ignore'],
    [
      'followed by what is no canvas',
      'ok',
      {},
      'Reject',
      { callbacks: [step('x', 'x', { subtask_type: 'chord' })] },
    ],
  ])('is counted when its task is %s', async (_how, task, headers, error, embed: object = {}) => {
    await using world = await notingWorld({
      ok: () => 1,
      rejecting: () => {
        throw new Reject('no');
      },
      ignoring: () => {
        throw new Ignore();
      },
    });
    const counted = counting(world.results);
    const { headers: own, embed: ownEmbed } = part(embed);
    await world.publish(partMessage('t', task, { headers: { ...own, ...headers }, embed: ownEmbed }));
    await eventually(() => counted.length === 1);
    expect(counted[0]).toMatchObject({ taskId: 't', result: { exc_type: error } });
    expect(counted[0]?.state).not.toBe('SUCCESS');
  });
});

/** A message of a chord's header. */
function partMessage(id: string, task: string, { headers, embed }: { headers: object; embed: object }) {
  const message = taskMessage(id, task, embed);
  return { ...message, headers: { ...message.headers, ...headers } };
}

/** Parts as they are counted, with how many results had been stored by then. */
function counting(results: KeptResults): (ChordPart & { storedBefore: number })[] {
  const counted: (ChordPart & { storedBefore: number })[] = [];
  const nothing = async (): Promise<void> => undefined;
  const chords: ChordStore = {
    open: nothing,
    grow: nothing,
    count: async (part) => {
      counted.push({ ...part, storedBefore: results.stored.length });
      return { kind: 'counted' };
    },
    close: nothing,
    renew: nothing,
    release: nothing,
    abandoned: async () => [],
  };
  results.chords = chords;
  return counted;
}
