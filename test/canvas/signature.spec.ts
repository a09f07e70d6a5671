import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../lib/canvas/call.options.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { mergeOptions } from '../../lib/canvas/merge-options.js';
import { applied, makeSignature, withOptions } from '../../lib/canvas/signature.js';

const add = signature('add', { args: [2] });

describe('a signature', () => {
  it('is frozen data that shares nothing with what it was made of', () => {
    const args = [1];
    const signature = makeSignature('math.add', { args, kwargs: { b: 2 }, immutable: false });
    args.push(9);

    expect(signature).toEqual({
      kind: 'task',
      task: 'math.add',
      args: [1],
      kwargs: { b: 2 },
      options: {},
      immutable: false,
    });
    expect([signature, signature.args, signature.kwargs].every(Object.isFrozen)).toBe(true);
  });

  it('gets arguments in front, keyword arguments and options over its own', () => {
    const own = makeSignature('t', {
      args: [2],
      kwargs: { a: 1, b: 1 },
      options: { queue: 'own' },
      immutable: false,
    });
    expect(applied(own, [1], { b: 2 }, { queue: 'given' })).toMatchObject({
      args: [1, 2],
      kwargs: { a: 1, b: 2 },
      options: { queue: 'given' },
    });
    expect(own.args).toEqual([2]);
  });

  it('takes options only when it is immutable', () => {
    const own = makeSignature('t', { args: [2], kwargs: { a: 1 }, immutable: true });
    expect(applied(own, [1], { a: 2 }, { queue: 'given' })).toMatchObject({
      args: [2],
      kwargs: { a: 1 },
      options: { queue: 'given' },
    });
    expect(withOptions(own, { priority: 3 })).toMatchObject({
      args: [2],
      options: { priority: 3 },
      immutable: true,
    });
  });
});

describe('mergeOptions', () => {
  it.each<[CallOptions, CallOptions, CallOptions]>([
    [{ queue: 'a', priority: 1 }, { queue: 'b' }, { queue: 'b', priority: 1 }],
    [{ queue: 'a' }, { queue: undefined } as object, { queue: 'a' }],
    [{ groupId: 'a' }, { groupId: 'b' }, { groupId: 'a' }],
    [{ stamps: { x: 1 } }, { stamps: { x: 2, y: 2 } }, { stamps: { x: 1, y: 2 } }],
    [{ countdownMs: 5 }, { etaMs: 9 }, { etaMs: 9 }],
    [{ etaMs: 9 }, { countdownMs: 5 }, { countdownMs: 5 }],
    [{ etaMs: 9, queue: 'a' }, { queue: 'b' }, { etaMs: 9, queue: 'b' }],
    [{ expiresInMs: 5 }, { expiresAtMs: 9 }, { expiresAtMs: 9 }],
  ])('lays %2$j over %1$j', (own, given, merged) => {
    expect(mergeOptions(own, given)).toEqual(merged);
  });
});

describe('a signature by name', () => {
  it('takes arguments and calling options', () => {
    expect(signature('py.add', { args: [1], kwargs: { b: 2 }, queue: 'py', countdown: 3 })).toEqual({
      kind: 'task',
      task: 'py.add',
      args: [1],
      kwargs: { b: 2 },
      options: { queue: 'py', countdownMs: 3_000 },
      immutable: false,
    });
    expect(() => signature('py.add', { quue: 'py' } as object)).toThrow('Did you mean queue?');
  });

  it('is read from the dictionary it is written as', () => {
    const canvas = chain(add, group(add, add.set({ queue: 'q' }))).link(add);
    const dict = JSON.parse(JSON.stringify(canvas)) as object;
    expect(dict).toMatchObject({ task: 'celery.chain', subtask_type: 'chain' });
    const read = signature(dict);
    expect(read).toEqual(canvas);
    expect(read.set({ priority: 3 }).options.priority).toBe(3);
  });
});

describe('methods of a canvas', () => {
  const canvases: [string, Canvas][] = [
    ['signature', add],
    ['chain', chain(add, add)],
    ['group', group(add, add)],
    ['chord', chord([add, add], add)],
  ];

  it.each(canvases)('of a %s change a copy of it', (_kind, canvas) => {
    const before = structuredClone(canvas);
    const changed = canvas
      .set({ queue: 'q', taskId: 'an-id' })
      .linkError(signature('oh'))
      .stamp({ tenant: 'acme' })
      .clone({ options: { queue: 'other' } });
    expect(changed.kind).toBe(canvas.kind);
    expect(changed.options).toMatchObject({ queue: 'other', taskId: 'an-id', linkError: [{ task: 'oh' }] });
    expect(Object.isFrozen(changed)).toBe(true);
    expect(canvas).toEqual(before);
  });

  it.each(canvases)('of a %s do not show', (_kind, canvas) => {
    expect(Object.keys(canvas)).not.toContain('set');
    expect(structuredClone(canvas)).toEqual(canvas);
    expect(inspect(canvas)).toMatch(/^Canvas \{/);
  });

  it('set puts options over those that are there, stamps and group ids too', () => {
    const own = add.set({ queue: 'a', priority: 1, groupId: 'g', stamps: { x: 1, y: 1 }, link: add });
    expect(own.set({ queue: 'b', groupId: 'h', stamps: { x: 2 }, link: [] }).options).toEqual({
      queue: 'b',
      priority: 1,
      groupId: 'h',
      stamps: { x: 2, y: 1 },
      link: [],
    });
    expect(own.clone({ options: { groupId: 'h', stamps: { x: 2 } } }).options).toMatchObject({
      groupId: 'g',
      stamps: { x: 1, y: 1 },
    });
    expect(() => add.set({ quue: 'q' } as object)).toThrow(
      'options.quue: unknown option. Did you mean queue?',
    );
  });

  it('link adds callbacks, each once, any canvas as its dictionary', () => {
    const linked = add.link(add, chain(add, add)).link(signature('x'), signature('add', { args: [2] }));
    expect(linked.options.link?.map(({ task, subtask_type }) => [task, subtask_type])).toEqual([
      ['add', null],
      ['celery.chain', 'chain'],
      ['x', null],
    ]);
    const many = Array.from({ length: 1_000 }, (_, index) => signature(`n${index}`));
    expect(() => add.set({ link: many }).link(add)).toThrow(
      'callbacks: at most 1000 travel in one message, got 1001',
    );
  });

  it('clone puts arguments in front of those of the tasks that run first', () => {
    const parts = { args: [1], kwargs: { k: 1 } };
    const first = signature('add', { args: [1, 2], kwargs: { k: 1 } });
    expect(add.clone(parts)).toEqual(first);
    expect(chain(add, add).clone(parts)).toEqual(chain(first, add));
    expect(chain(group(add, add), add).clone(parts)).toEqual(chain(group(first, first), add));
    expect(chord([add], add).clone(parts)).toEqual(chord([first], add));
    const immutable = signature({ task: 'add', args: [2], kwargs: {}, options: {}, immutable: true });
    expect(immutable.clone(parts)).toEqual(immutable);
    expect(group(add, immutable).clone(parts)).toEqual(group(first, immutable));
  });

  it('clone reaches members that come one by one', async () => {
    const members = async function* () {
      yield add;
    };
    const { members: told } = group(members()).clone({ args: [1] });
    const list: unknown[] = [];
    for await (const member of told) list.push(member);
    expect(list).toEqual([signature('add', { args: [1, 2] })]);
  });

  it('cannot link what comes one by one asynchronously: a callback travels whole', () => {
    const members = async function* () {
      yield add;
    };
    expect(() => add.link(group(members()))).toThrow('Collect them into an array first');
  });
});
