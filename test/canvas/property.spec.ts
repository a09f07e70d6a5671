import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreseen, type Ending, type Heard, type Tree } from './model.js';
import { named, shown, trees } from './model.trees.js';
import { ModelWorld, type Happened, type Roughness } from './model.world.js';

/**
 * As many as wanted, or others: `CANVAS_TREES=20000 CANVAS_SEED=7 npx vitest run --project unit test/canvas/property.spec.ts`.
 * What fails is printed with its seed and path, made as small as it can be.
 */
const TREES = Number(process.env['CANVAS_TREES'] ?? 200);
const SEED = Number(process.env['CANVAS_SEED'] ?? 1);
const DEEPEST = 5;

const roughness: fc.Arbitrary<Roughness> = fc.record({
  late: fc.boolean(),
  twice: fc.constantFrom(0, 0, 0.3),
  broken: fc.constantFrom(0, 0, 0.05),
  seed: fc.nat(),
});

let played = 0;

describe.each([
  ['counted by the backend', true, TREES],
  ['looked after by chord_unlock', false, Math.ceil(TREES / 4)],
])('random trees of canvases, their chords %s', (_how, counted, count) => {
  let world: ModelWorld;
  beforeAll(async () => void (world = await ModelWorld.open({ counted })));
  afterAll(() => world.close());

  it(`${count} of them all end, each task as a plain model says`, { timeout: 3_600_000 }, async () => {
    const every = fc.asyncProperty(trees(DEEPEST), roughness, async (bare, given) => {
      const tree = named(bare, `n${++played}`, counted);
      const wish = fitting(given, counted);
      try {
        const happened = await world.play(tree, wish);
        check(tree, wish, happened);
        if (counted) checkChords(tree, wish, happened);
      } catch (error) {
        // What failed leaves things behind: the next one gets a world of its own.
        const broken = world;
        world = await ModelWorld.open({ counted });
        await broken.close();
        throw new Error(`${shown(tree)}\n${JSON.stringify(wish)}\n${String(error)}`, { cause: error });
      }
    });
    await fc.assert(every, { numRuns: count, seed: SEED });
  });
});

/** Only a message that is acknowledged late comes again when its settlement breaks off. */
function fitting(wish: Roughness, counted: boolean): Roughness {
  return wish.late && counted ? wish : { ...wish, broken: 0 };
}

function check(tree: Tree, { late, twice, broken }: Roughness, happened: Happened): void {
  const { endings, heard } = foreseen(tree, late);
  expect(endingsOf(happened)).toEqual(
    Object.fromEntries([...endings].map(([id, ending]) => [id, text(ending)])),
  );
  expect(happened.kept).toEqual([]);

  const once = twice === 0 && broken === 0;
  expect(once ? toldIn(happened.heard) : toldOnce(happened.heard)).toEqual(
    once ? toldIn(heard) : toldOnce(heard),
  );
  // A chord tells that it failed once, whatever comes twice; again only after it broke off.
  if (broken === 0) {
    const ofChords = new Set(heard.filter(({ ofChord }) => ofChord).map(line));
    const others = new Set(heard.filter(({ ofChord }) => !ofChord).map(line));
    for (const each of ofChords) {
      if (others.has(each)) continue;
      expect([each, happened.heard.map(line).filter((told) => told === each).length]).toEqual([each, 1]);
    }
  }
}

function checkChords(tree: Tree, { late }: Roughness, happened: Happened): void {
  const { chords } = foreseen(tree, late);
  expect(Object.fromEntries([...happened.chords].map(([id, [first]]) => [id, first]))).toEqual(
    Object.fromEntries(chords),
  );
  for (const [id, sent] of happened.bodies) {
    const expected = chords.get(id) === 'body sent' ? 1 : 0;
    if (happened.brokenEnds === 0) expect([id, ...sent]).toEqual([id, ...sent.map(() => expected)]);
    else expect(sent.every((times) => (expected === 0 ? times === 0 : times >= 1))).toBe(true);
  }
}

function endingsOf({ metas }: Happened): Record<string, string> {
  const ended = [...metas].flatMap(([id, meta]) => {
    if (meta === undefined) return [];
    if (meta.status === 'SUCCESS') return [[id, text({ state: 'SUCCESS', value: meta.result })]];
    const error = (meta.result as { exc_type?: unknown } | undefined)?.exc_type;
    return [[id, `${meta.status} ${String(error)}`]];
  });
  return Object.fromEntries(ended) as Record<string, string>;
}

function text(ending: Ending): string {
  return ending.state === 'SUCCESS'
    ? `SUCCESS ${JSON.stringify(ending.value)}`
    : `${ending.state} ${ending.error}`;
}

type Told = Pick<Heard, 'errback' | 'failed'>;
const line = ({ errback, failed }: Told): string => `${errback} of ${failed}`;
const toldIn = (heard: readonly Told[]): string[] => heard.map(line).toSorted();
const toldOnce = (heard: readonly Told[]): string[] => [...new Set(heard.map(line))].toSorted();
