import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { GroupResult } from '../../lib/index.js';
import { FAILING } from './canvas.failing.shapes.js';
import { NESTING } from './canvas.nesting.shapes.js';
import { SENDING } from './canvas.sending.shapes.js';
import { builderOf } from './workflow.builder.js';
import { SHAPES, type Shape } from './workflow.shapes.js';
import { expectedOf, openFleets, type Fleets } from './workflow.world.js';

const ALL = [...SHAPES, ...SENDING, ...NESTING, ...FAILING];
const redis = (db: number): string => `${inject('redisUrl')}/${db}`;
const FLEETS = [
  { name: 'Redis', broker: () => redis(5), backend: () => redis(6) },
  { name: 'RabbitMQ and Redis results', broker: () => inject('rabbitUrl'), backend: () => redis(7) },
];
const LONG_MS = 60_000;

describe.each(FLEETS)('canvases on $name', ({ broker, backend }) => {
  let world: Fleets | undefined;
  beforeAll(async () => {
    world = await openFleets(broker(), backend(), redis(8));
  }, LONG_MS);
  afterAll(() => world?.[Symbol.asyncDispose]());
  const open = () => {
    if (world === undefined) throw new Error('The fleets did not open');
    return world;
  };
  const both = ALL.filter(({ notInPython }) => notInPython === undefined);

  describe("Python's client, Python's workers: what is expected", () => {
    it.concurrent.each(both)('$name', async (shape) => {
      expect(await open().byPython(shape, 'py')).toEqual(expectedOf(shape));
    });
  });

  describe("Python's client, our workers", () => {
    it.concurrent.each(both)('$name', async (shape) => {
      expect(await open().byPython(shape, 'js')).toEqual(expectedOf(shape));
    });
  });

  describe("our client, Python's workers", () => {
    it.concurrent.each(both)('$name', async (shape) => {
      expect(await open().byUs(shape, 'py')).toEqual(expectedOf(shape));
    });
  });

  describe('our client, both kinds of worker on one queue', () => {
    it.concurrent.each(both)('$name', async (shape) => {
      expect(await open().byUs(shape, 'both')).toEqual(expectedOf(shape));
    });
  });

  describe('our client, our workers', () => {
    it.concurrent.each(ALL)('$name', async (shape) => {
      expect(await open().byUs(shape, 'js')).toEqual(expectedOf(shape));
    });
  });

  it('chords that both kinds of worker count run their bodies once, and leave none of their keys', async () => {
    const { byUs, chordKeys } = open();
    const before = await chordKeys();
    const header = Array.from({ length: 10 }, (_, index) => ({ t: 'add', a: [index, 1] }));
    const shape: Shape = { name: 'ten', canvas: { chord: [header, { t: 'total' }] }, is: 55 };
    const all = await Promise.all(Array.from({ length: 50 }, () => byUs(shape, 'both')));
    expect(all).toEqual(Array.from({ length: 50 }, () => ({ value: 55, notes: [] })));
    expect(await chordKeys()).toEqual(before);
  });

  it('a group that we saved is restored by Python, and the reverse', async () => {
    const { client, python } = open();
    const build = builderOf(client('js'), '', '');
    const ours = (await client('js').applyAsync(
      build({
        group: [
          { t: 'add', a: [1, 1] },
          { t: 'add', a: [2, 2] },
        ],
      }) as never,
    )) as unknown as GroupResult;
    await ours.save();
    expect(await python.js.ask('restore', { id: ours.id })).toEqual({ value: [2, 4] });

    const canvas = {
      group: [
        { t: 'add', a: [3, 3] },
        { t: 'add', a: [4, 4] },
      ],
    };
    const { id } = await python.js.ask<{ id: string }>('save', { canvas });
    const theirs = await client('js').restoreGroup(id);
    expect(await theirs?.get({ timeout: 20 })).toEqual([6, 8]);
  });
});
