import { describe, expect, it } from 'vitest';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { chunks } from '../../lib/canvas/chunks.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { map } from '../../lib/canvas/map.js';
import { starmap } from '../../lib/canvas/starmap.js';
import type { AnyCanvas, Members } from '../../lib/canvas/canvas.js';
import type { Callee } from '../../lib/canvas/callee.js';
import { InvalidCanvasError } from '../../lib/errors.js';

const a = signature('a');
const b = signature('b');
const c = signature('c');
const add: Callee<[number, number], number> = { name: 'tw.add', si: () => signature('tw.add') as never };
const addDict = {
  task: 'tw.add',
  args: [],
  kwargs: {},
  options: {},
  subtask_type: null,
  immutable: false,
};

/** For what the types would refuse. */
const untyped = (value: unknown): never => value as never;

async function listed(members: Members): Promise<AnyCanvas[]> {
  const list: AnyCanvas[] = [];
  for await (const member of members) list.push(member);
  return list;
}

describe('chain', () => {
  const shape = { kind: 'chain', steps: [a, b, c], options: {}, immutable: false };

  it.each([
    ['arguments', () => chain(a, b, c)],
    ['a list', () => chain([a, b, c])],
    ['an iterable', () => chain(untyped(new Set([a, b, c])))],
    ['pipes', () => a.pipe(b).pipe(c)],
  ])('of %s is frozen data', (_name, make) => {
    const made = make();
    expect(made).toEqual(shape);
    expect([made, made.steps].every(Object.isFrozen)).toBe(true);
  });

  it('shares no list with its caller', () => {
    const steps = [a, b];
    const made = chain(steps);
    steps.push(c);
    expect(made.steps).toHaveLength(2);
  });

  it('with options of its own stays one step when something follows it', () => {
    const inner = a.pipe(b).set({ queue: 'q' });
    expect(inner.pipe(c)).toEqual({ ...shape, steps: [inner, c] });
  });

  it('takes ten thousand steps', () => {
    expect(chain(Array.from({ length: 10_000 }, () => a)).steps).toHaveLength(10_000);
  });
});

describe('group', () => {
  const shape = { kind: 'group', members: [a, b], options: {}, immutable: false };

  it.each([
    ['arguments', () => group(a, b), shape],
    ['a list', () => group([a, b]), shape],
    ['one', () => group(a), { ...shape, members: [a] }],
    ['nothing', () => group(), { ...shape, members: [] }],
    ['an empty list', () => group([]), { ...shape, members: [] }],
  ])('of %s is frozen data', (_name, make, expected) => {
    const made = make();
    expect(made).toEqual(expected);
    expect([made, made.members].every(Object.isFrozen)).toBe(true);
  });

  it('of a generator asks for its members when they are wanted, one by one', async () => {
    const given: string[] = [];
    function* members() {
      for (const member of [a, b]) {
        given.push(member.task);
        yield member;
      }
    }
    const made = group(members());
    expect(given).toEqual([]);
    expect(Symbol.iterator in made.members).toBe(true);
    expect(await listed(made.members)).toEqual([a, b]);
  });

  it('of an async generator likewise, and refuses a bad member when it comes', async () => {
    async function* members() {
      yield a;
      yield untyped(5);
    }
    const made = group(members());
    await expect(listed(made.members)).rejects.toThrow('group member 1: expected a canvas');
  });

  it('followed by a task is a chord', () => {
    expect(group(a, b).pipe(c)).toEqual({
      kind: 'chord',
      header: [a, b],
      body: c,
      options: {},
      immutable: false,
    });
  });
});

describe('chord', () => {
  const shape = { kind: 'chord', header: [a, b], body: c, options: {}, immutable: false };

  it.each([
    ['a list', () => chord([a, b], c)],
    ['a group', () => chord(group(a, b), c)],
  ])('of %s is frozen data', (_name, make) => {
    const made = make();
    expect(made).toEqual(shape);
    expect([made, made.header].every(Object.isFrozen)).toBe(true);
  });

  it("gives a group's options to its members, its link to the first one alone, its id to the header", () => {
    const header = group(a, b).set({ taskId: 'g', queue: 'q' }).link(c);
    expect(chord(header, c)).toEqual({
      ...shape,
      headerId: 'g',
      header: [
        a.set({ queue: 'q' }).link(signature({ ...(c.toJSON() as object), immutable: true })),
        b.set({ queue: 'q' }),
      ],
    });
  });

  it('gives them to members that come one by one too', async () => {
    async function* members() {
      yield a;
      yield b;
    }
    const made = chord(group(members()).set({ queue: 'q' }), c);
    expect(await listed(made.header)).toEqual([a.set({ queue: 'q' }), b.set({ queue: 'q' })]);
  });

  it('may have an empty header and any canvas as body', () => {
    expect(chord([], group(a, b))).toMatchObject({ header: [], body: { kind: 'group' } });
  });
});

describe('map, starmap and chunks', () => {
  it("are calls of Celery's tasks with its dictionary of the task", () => {
    expect(map(untyped(add), untyped(new Set([1, 2])))).toEqual({
      kind: 'task',
      task: 'celery.map',
      args: [],
      kwargs: { task: addDict, it: [1, 2] },
      options: {},
      immutable: true,
    });
    expect(
      starmap(add, [
        [1, 2],
        [3, 4],
      ]),
    ).toMatchObject({
      task: 'celery.starmap',
      kwargs: {
        task: addDict,
        it: [
          [1, 2],
          [3, 4],
        ],
      },
      immutable: true,
    });
  });

  const pairs: [number, number][] = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const chunked = [[pairs[0], pairs[1]], [pairs[2]]].map((it) => ({
    task: 'celery.starmap',
    kwargs: { task: addDict, it },
    immutable: true,
  }));

  it('cut a list at once', () => {
    const { members } = chunks(add, pairs, 2);
    expect(Array.isArray(members)).toBe(true);
    expect(members).toMatchObject(chunked);
  });

  it.each([
    ['an iterable', () => new Set(pairs)],
    [
      'an async generator',
      async function* () {
        yield* pairs;
      },
    ],
  ])('cut %s as it comes', async (_name, items) => {
    const { members } = chunks(add, items(), 2);
    expect(Array.isArray(members)).toBe(false);
    expect(await listed(members)).toMatchObject(chunked);
  });

  it.each([
    [() => chunks(add, pairs, 0), 'chunks: expected n to be an integer of 1 or more, got 0'],
    [() => chunks(add, untyped(5), 1), 'chunks items: expected a list or an iterable, got 5'],
    [
      () => chunks(add, untyped([5]), 1),
      'chunks item 0: expected the list of the arguments of one call, got 5',
    ],
    [() => chunks(untyped('x'), pairs, 1), 'chunks task: expected the handle of a task'],
    [
      () => starmap(add, untyped([[1, 2], 3])),
      'starmap items 1: expected the list of the arguments of one call',
    ],
    [() => map(untyped({}), untyped([])), 'map task: expected the handle of a task'],
    [() => map(untyped(add), untyped(null)), 'map items: expected a list or an iterable, got null'],
  ])('refuse bad input: case %#', (make, message) => {
    expect(make).toThrow(InvalidCanvasError);
    expect(make).toThrow(message);
  });
});

describe('bad input', () => {
  const circle = (): AnyCanvas => {
    const steps: AnyCanvas[] = [a];
    const made: AnyCanvas = { kind: 'chain', steps, options: {}, immutable: false };
    steps.push({ kind: 'group', members: [made], options: {}, immutable: false });
    return made;
  };
  const nested = (levels: number): AnyCanvas => {
    let canvas: AnyCanvas = a;
    for (let level = 0; level < levels; level += 1) canvas = group(untyped(canvas));
    return canvas;
  };

  it.each<[() => unknown, string]>([
    [() => chain(untyped([])), 'chain: it has no steps. Give it one at least.'],
    [
      () => chain(a, untyped(5)),
      'chain step 1: expected a canvas, such as handle.s(), chain(...) or group(...), got 5',
    ],
    [() => chain(a, untyped(undefined)), 'chain step 1: expected a canvas'],
    [() => chain(untyped('mail.send')), 'chain step 0: expected a canvas'],
    [() => chain(a, untyped({ s: () => a })), 'got the handle of a task. Call its s() or si().'],
    [() => chain(a, untyped(Promise.resolve(a))), 'got a promise. Await it first.'],
    [() => chain(a, untyped({ task: 'a' })), 'got an object (task)'],
    [
      () => chain(a, untyped({ kind: 'chain', steps: 'ab', options: {}, immutable: false })),
      'chain step 1: the steps of the chain are no list, but "ab"',
    ],
    [
      () => chain(a, untyped({ kind: 'group', members: 3, options: {}, immutable: false })),
      'chain step 1: the members of the group are no list, but 3',
    ],
    [
      () => chain(a, untyped({ kind: 'group', members: [a, 7], options: {}, immutable: false })),
      'chain step 1 → group member 1: expected a canvas, such as handle.s(), chain(...) or group(...), got 7',
    ],
    [
      () => group(untyped({ kind: 'chord', header: [a], body: null, options: {}, immutable: false }), b),
      'group member 0 → chord body: expected a canvas',
    ],
    [() => group(a, untyped(5)), 'group member 1: expected a canvas'],
    [() => group(untyped(5)), 'group: expected a list of canvases, an iterable or an async iterable, got 5'],
    [
      () => chord(untyped(a), b),
      'chord header: expected a group, a list of canvases or an iterable, got a task',
    ],
    [() => chord(untyped(5), b), 'chord header: expected a canvas'],
    [() => chord([a], untyped(null)), 'chord body: expected a canvas'],
    [() => chord(untyped([a, 'x']), b), 'chord header 1: expected a canvas'],
    [() => a.pipe(untyped('b')), 'chain step 1: expected a canvas'],
    [() => a.link(untyped('b')), 'callback 0: expected a canvas'],
    [() => a.linkError(untyped(b), untyped(1)), 'errback 1: expected a canvas'],
    [() => chain(a, untyped(circle())), 'chain step 1 → group member 0: the chain holds itself'],
    [() => chain(untyped(nested(101))), 'it is nested deeper than 100 levels. Make it flatter'],
    [() => group(async function* () {} as never), 'group: expected a list of canvases'],
    [
      () =>
        chain(
          untyped(
            (async function* () {
              yield a;
            })(),
          ),
        ),
      'chain: its steps come from an async iterable',
    ],
    [() => signature(''), 'signature: the name of its task is empty'],
    [() => signature({ task: 'a' }), "signature: expected the name of a task or Celery's dictionary"],
  ])('is refused with its place and the way out: case %#', (make, message) => {
    expect(make).toThrow(InvalidCanvasError);
    expect(make).toThrow(message);
  });

  it('shortens the place in a deep canvas', () => {
    let canvas: AnyCanvas = a;
    for (let level = 0; level < 120; level += 1)
      canvas = { kind: 'group', members: [canvas], options: {}, immutable: false };
    expect(() => chain(untyped(canvas))).toThrow(
      /^chain step 0 → group member 0 → group member 0 → group member 0 → …: it is nested deeper than 100 levels/,
    );
  });

  it('lets a hundred levels pass', () => {
    expect(nested(100)).toMatchObject({ kind: 'group' });
  });
});
