import { describe, expect, it } from 'vitest';
import { toCanvasDict } from '../../lib/canvas/canvas-dict.js';
import type { Callee } from '../../lib/canvas/callee.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { chunks } from '../../lib/canvas/chunks.js';
import { freeze } from '../../lib/canvas/frozen.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { map } from '../../lib/canvas/map.js';
import { plan } from '../../lib/canvas/plan.js';
import { starmap } from '../../lib/canvas/starmap.js';
import { resultOf } from '../../lib/canvas/workflow.js';
import { resultTuple } from '../../lib/producer/chord-unlock.js';
import {
  capturedCanvases,
  capturedText,
  essence,
  renumbered,
  sizesText,
  type CapturedCanvas,
  type Version,
} from './captured.js';
import { numbered, planText, promised, sentText, text } from './notation.js';

const add = (...args: number[]) => signature('tw.add', { args });
const mul = (...args: number[]) => signature('tw.mul', { args });
const tsum = signature('tw.tsum');
const ident = (arg: number) => signature('tw.ident', { args: [arg] });
const errback = signature('tw.eb_old');
const adding: Callee<[number, number], number> = { name: 'tw.add', si: () => signature('tw.add') as never };
const one: Callee<[number], number> = { name: 'tw.add', si: () => signature('tw.add') as never };
const immutable = (canvas: AnyCanvas) => Object.freeze({ ...canvas, immutable: true });

/** What is planned for a canvas, in the words of the captures. */
function planned(canvas: AnyCanvas): string[] {
  let last = 0;
  const workflow = freeze(canvas, { newId: () => `U${++last}`, replyTo: 'replies', errorsOnHeader: false });
  if (workflow === undefined) return [];
  const steps = [...plan(workflow)];
  const sent = steps.flatMap((step) =>
    step.kind === 'send' ? [text(essence({ ...toCanvasDict(step.call), immutable: false }, 'sent'))] : [],
  );
  const sizes = Object.fromEntries(
    steps.flatMap((step) => (step.kind === 'send' ? [] : [[step.chord.groupId, step.chord.size]])),
  ) as Record<string, number>;
  return renumbered([...sent, ...sizesText(sizes), JSON.stringify(resultTuple(resultOf(workflow)))]);
}

const SHAPES: readonly (readonly [shape: string, canvas: AnyCanvas])[] = [
  ['link+link_error', add(1, 2).link(mul(10)).linkError(errback)],
  ['chain3', chain(add(1, 2), mul(3), add(4))],
  ['chain link_error', chain(add(1, 2), mul(3)).linkError(errback)],
  ['chain .on_error sig', chain(add(1, 2), mul(3)).linkError(errback)],
  ['group2', group(add(1, 2), mul(3, 4))],
  ['group empty', group()],
  ['chord', chord([add(1, 2), mul(3, 4)], tsum)],
  ['group|task', chain(group(add(1, 2), mul(3, 4)), tsum)],
  ['task|group', chain(add(1, 2), group(mul(3), mul(4)))],
  ['task|group|task', chain(add(1, 2), group(mul(3), mul(4)), tsum)],
  ['chord in chain end', chain(add(1, 2), chord([mul(3), mul(4)], tsum), add(5))],
  ['chord of chains', chord([chain(add(1, 2), mul(3)), add(1)], tsum)],
  ['chord of chord', chord([chord([add(1, 2)], tsum), add(1, 1)], tsum)],
  ['group of group', group(group(add(1, 2)), add(3, 4))],
  ['group with single', group(add(1, 2))],
  ['map', map(one, [1, 2])],
  [
    'starmap',
    starmap(adding, [
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    'chunks',
    chunks(
      adding,
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      2,
    ),
  ],
  ['immutable chain', chain(add(1, 2), immutable(add(5, 5)) as never)],
  ['chain args prepend', chain(add(9, 1), add(2))],
  ['chord w errback', chord([add(1, 2)], tsum.linkError(errback))],
  ['chord .link_error', chord([add(1, 2), add(3, 4)], tsum).linkError(errback)],
  ['chord body group', chord([add(1, 2), add(3, 4)], group(ident(1), ident(2)))],
  ['stamp', add(1, 2).stamp({ foo: 'bar', n: [1, 2] })],
  ['stamp chain', chain(add(1, 2), mul(3)).stamp({ foo: 'bar' })],
  ['stamp chord', chord([add(1, 2), mul(3, 4)], tsum).stamp({ foo: 'bar' })],
];

/** 5.2.6 numbers only the members that a chord counts. */
const asIn = (version: Version, lines: readonly string[]): string[] =>
  lines.map((line) => (version === '5.6' ? line : line.replace(/(@U\d+)\[\d+\]$/, '$1')));

describe.each<Version>(['5.2.6', '5.6'])('what is sent, beside Celery %s', (version) => {
  const captures = capturedCanvases(version);
  const same = SHAPES.filter(
    ([shape]) => captures.has(shape) && !(version === '5.6' && shape === 'chord body group'),
  );
  it.each(same)('%s: the same', (shape, canvas) => {
    expect(asIn(version, planned(canvas))).toEqual(capturedText(captured(captures, shape)));
  });

  it('a nested group in a header keeps its order, which Celery turns round', () => {
    const canvas = chord([group(add(1, 2), add(3, 4)), mul(3, 4)], tsum);
    const [first, second, ...others] = planned(canvas);
    expect([first, second]).toEqual([
      'tw.add(1,2)#U1@U2[0] => tw.tsum#U3',
      'tw.add(3,4)#U4@U2[1] => tw.tsum#U3',
    ]);
    const theirs = capturedText(captured(captures, 'nested group in chord'));
    expect(theirs.slice(0, 2)).toEqual([
      'tw.add(3,4)#U1@U2[0] => tw.tsum#U3',
      'tw.add(1,2)#U4@U2[1] => tw.tsum#U3',
    ]);
    expect(others).toEqual(theirs.slice(2));
  });

  it('the body of a chord without a header is part of no group', () => {
    const theirs = capturedText(captured(captures, 'chord empty header'));
    expect(planned(chord([], tsum))).toEqual(['tw.tsum([])#U1', '[["U1",[["U2",null],[]]],null]']);
    expect(theirs.at(-1)).toBe('[["U1",[["U2",null],[]]],null]');
    expect(theirs[0]).toMatch(/^tw\.tsum\(\[\]\)#U1(@U2)?$/);
  });
});

describe('beside Celery 5.6', () => {
  it('a group as body has an id of its own, as in 5.2.6, not that of the header', () => {
    const theirs = capturedText(captured(capturedCanvases('5.6'), 'chord body group'));
    expect(theirs.at(-1)).toMatch(/^\[\["U2",\[\["U2",/);
    const ours = planned(chord([add(1, 2), add(3, 4)], group(ident(1), ident(2))));
    expect(ours.at(-1)).toMatch(/^\[\["U5",\[\["U2",/);
  });

  it('chunks in a chain are sent on by a task of their own', () => {
    const theirs = capturedText(captured(capturedCanvases('5.6'), 'chunks as sig in chain'));
    expect(theirs[0]).toContain('> celery.chunks');
    const ours = planned(
      chain(
        add(1),
        chunks(
          adding,
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          2,
        ) as never,
      ),
    );
    expect(ours[0]).toContain('> (celery.starmap');
  });
});

function captured(captures: ReadonlyMap<string, CapturedCanvas>, shape: string): CapturedCanvas {
  const found = captures.get(shape);
  if (found === undefined) throw new Error(`nothing captured of ${shape}`);
  return found;
}

const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => signature(name)) as unknown as Five;
type Five = [AnyStep, AnyStep, AnyStep, AnyStep, AnyStep];
/** Fits everywhere: what the types would say is not what is looked at here. */
type AnyStep = Canvas<[], never, true>;
const empty = Object.freeze({ kind: 'chain', steps: [], options: {}, immutable: false }) as never;
function* two() {
  yield b;
  yield c;
}

type Row = readonly [what: string, canvas: AnyCanvas, sent: readonly string[], promised: string | undefined];

const CHAINS: readonly Row[] = [
  ['a chain', chain(a, b, c), ['a#1 > b#2 > c#3'], '1 < 2 < 3'],
  [
    'chains in a chain',
    chain(a, chain(b, chain(c, d)), e),
    ['a#1 > b#2 > c#3 > d#4 > e#5'],
    '1 < 2 < 3 < 4 < 5',
  ],
  ['a chain of one', chain(a), ['a#1'], '1'],
  ['an empty part', chain(a, empty, b), ['a#1 > b#2'], '1 < 2'],
  ['a group at the end', chain(a, group(b, c)), ['a#1 > (b#3@2[0] c#4@2[1])#2'], '1 < 2(3 4)'],
  ['a group of one at the end', chain(a, group(b)), ['a#1 > (b#3@2[0])#2'], '1 < 2(3)'],
  ['a group of one with a step after it', chain(a, group(b), c), ['a#1 > b#2 > c#3'], '1 < 2 < 3'],
  [
    'a group with a step after it',
    chain(a, group(b, c), d),
    ['a#1 > {(b#3 c#4)#5 => d#2}'],
    '1 < 5(3 4) < 2',
  ],
  [
    'a group with two steps after it',
    chain(a, group(b, c), d, e),
    ['a#1 > {(b#4 c#5)#6 => [d#2 > e#3]}'],
    '1 < 6(4 5) < 2 < 3',
  ],
  [
    'a group with a group after it',
    chain(a, group(b, c), group(d, e)),
    ['a#1 > {(b#5 c#6)#7 => (d#3@2[0] e#4@2[1])#2}'],
    '1 < 7(5 6) < 2(3 4)',
  ],
  [
    'two groups with a step after them',
    chain(group(a, b), group(c, d), e),
    [
      'open 7 2 => {(c#2 d#3)#4 => e#1}',
      'a#5@7[0] => {(c#2 d#3)#4 => e#1}',
      'b#6@7[1] => {(c#2 d#3)#4 => e#1}',
    ],
    '7(5 6) < 4(2 3) < 1',
  ],
  [
    'a chain in a chain that ends in a group',
    chain(chain(a, group(b, c)), d),
    ['a#1 > {(b#3 c#4)#5 => d#2}'],
    '1 < 5(3 4) < 2',
  ],
  ['an empty group at the end', chain(a, group()), ['a#1'], '1'],
  ['an empty group in the middle', chain(a, group(), b), ['a#1 > {()#3 => b#2}'], '1 < 3() < 2'],
  ['an empty group at the beginning', chain(group(), b), ['b([])#1'], '2() < 1'],
  ['nothing but empty groups', chain(group(), group()), [], '1()'],
  ['nothing at all', empty, [], undefined],
  ['members from a generator', chain(a, group(two())), ['a#1 > (b#3@2[0] c#4@2[1])#2'], '1 < 2(3 4)'],
  ['a chord at the end', chain(a, chord([b, c], d)), ['a#1 > {(b#3 c#4)#5 => d#2}'], '1 < 5(3 4) < 2'],
  [
    'a chord with a step after it',
    chain(a, chord([b, c], d), e),
    ['a#1 > {(b#4 c#5)#6 => [d#2 > e#3]}'],
    '1 < 6(4 5) < 2 < 3',
  ],
  [
    'a chord with a group after it',
    chain(chord([a, b], c), group(d, e)),
    [
      'open 7 2 => [c#1 > (d#3@2[0] e#4@2[1])#2]',
      'a#5@7[0] => [c#1 > (d#3@2[0] e#4@2[1])#2]',
      'b#6@7[1] => [c#1 > (d#3@2[0] e#4@2[1])#2]',
    ],
    '7(5 6) < 1 < 2(3 4)',
  ],
  [
    'a chord with a chord after it',
    chain(chord([a, b], c), chord([d], e)),
    [
      'open 7 2 => [c#1 > {(d#3)#4 => e#2}]',
      'a#5@7[0] => [c#1 > {(d#3)#4 => e#2}]',
      'b#6@7[1] => [c#1 > {(d#3)#4 => e#2}]',
    ],
    '7(5 6) < 1 < 4(3) < 2',
  ],
];

const GROUPS: readonly Row[] = [
  ['a group', group(a, b), ['a#2@1[0]', 'b#3@1[1]'], '1(2 3)'],
  ['a group of one', group(a), ['a#2@1[0]'], '1(2)'],
  ['an empty group', group(), [], '1()'],
  [
    'groups in a group',
    group(a, group(b, group(c)), d),
    ['a#2@1[0]', 'b#4@1[1]', 'c#6@1[2]', 'd#7@1[3]'],
    '1(2 4 6 7)',
  ],
  ['an empty group in a group', group(group(), a), ['a#3@1[0]'], '1(3)'],
  ['a chain in a group', group(chain(a, b), c), ['a#2 > b#3@1[0]', 'c#4@1[1]'], '1(2 < 3 4)'],
  [
    'a chain that ends in a group in a group',
    group(chain(a, group(b, c)), d),
    ['a#2 > (b#4@1[0] c#5@1[1])#3', 'd#6@1[2]'],
    '1(2 < 3(4 5) 6)',
  ],
  [
    'a chord in a group',
    group(chord([a, b], c), d),
    ['open 5 2 => c#2@1[0]', 'a#3@5[0] => c#2@1[0]', 'b#4@5[1] => c#2@1[0]', 'd#6@1[1]'],
    '1(5(3 4) < 2 6)',
  ],
  [
    'a chord whose body is a group in a group',
    group(chord([a], group(b, c)), d),
    ['open 6 1 => (b#3@1[0] c#4@1[1])#2', 'a#5@6[0] => (b#3@1[0] c#4@1[1])#2', 'd#7@1[2]'],
    '1(6(5) < 2(3 4) 7)',
  ],
];

const CHORDS: readonly Row[] = [
  ['a chord', chord([a, b], c), ['open 4 2 => c#1', 'a#2@4[0] => c#1', 'b#3@4[1] => c#1'], '4(2 3) < 1'],
  [
    'a group as header',
    chord(group(a, b), c),
    ['open 4 2 => c#1', 'a#2@4[0] => c#1', 'b#3@4[1] => c#1'],
    '4(2 3) < 1',
  ],
  [
    'members from a generator',
    chord(two(), a),
    ['open 4 2 => a#1', 'b#2@4[0] => a#1', 'c#3@4[1] => a#1'],
    '4(2 3) < 1',
  ],
  [
    'a body that is a chain',
    chord([a, b], chain(c, d)),
    ['open 5 2 => [c#1 > d#2]', 'a#3@5[0] => [c#1 > d#2]', 'b#4@5[1] => [c#1 > d#2]'],
    '5(3 4) < 1 < 2',
  ],
  [
    'a body that is a group',
    chord([a, b], group(c, d)),
    [
      'open 6 2 => (c#2@1[0] d#3@1[1])#1',
      'a#4@6[0] => (c#2@1[0] d#3@1[1])#1',
      'b#5@6[1] => (c#2@1[0] d#3@1[1])#1',
    ],
    '6(4 5) < 1(2 3)',
  ],
  [
    'a body that is a chord',
    chord([a, b], chord([c, d], e)),
    [
      'open 7 2 => {(c#2 d#3)#4 => e#1}',
      'a#5@7[0] => {(c#2 d#3)#4 => e#1}',
      'b#6@7[1] => {(c#2 d#3)#4 => e#1}',
    ],
    '7(5 6) < 4(2 3) < 1',
  ],
  ['a body that is empty', chord([a, b], empty), ['a#2@1[0]', 'b#3@1[1]'], '1(2 3)'],
  [
    'a body that is an empty group',
    chord([a, b], group()),
    ['open 4 2 => ()#1', 'a#2@4[0] => ()#1', 'b#3@4[1] => ()#1'],
    '4(2 3) < 1()',
  ],
  ['an empty header', chord([], a), ['a([])#1'], '2() < 1'],
  ['a header of empty parts', chord([group(), group(group())], a), ['a([])#1'], '5() < 1'],
  ['an empty header and a chain', chord([], chain(a, b)), ['a([])#1 > b#2'], '3() < 1 < 2'],
  ['an empty header and a group', chord([], group(a, b)), ['a([])#2@1[0]', 'b([])#3@1[1]'], '4() < 1(2 3)'],
  [
    'an empty header and a chord',
    chord([], chord([a, b], c)),
    ['open 4 2 => c#1', 'a([])#2@4[0] => c#1', 'b([])#3@4[1] => c#1'],
    '5() < 4(2 3) < 1',
  ],
  ['an empty part in the header', chord([group(), a], b), ['open 4 1 => b#1', 'a#3@4[0] => b#1'], '4(3) < 1'],
  [
    'a header of which no part ends in a task',
    chord([chord([a], group())], b),
    ['open 4 1 => ()#2', 'a#3@4[0] => ()#2', 'b([[]])#1'],
    '5(4(3) < 2()) < 1',
  ],
  [
    'a chain in the header',
    chord([chain(a, b), c], d),
    ['open 5 2 => d#1', 'a#2 > b#3@5[0] => d#1', 'c#4@5[1] => d#1'],
    '5(2 < 3 4) < 1',
  ],
  [
    'a chain that ends in a group in the header',
    chord([chain(a, group(b, c)), d], e),
    ['open 7 3 => e#1', 'a#2 > (b#4@7[0] => e#1 c#5@7[1] => e#1)#3', 'd#6@7[2] => e#1'],
    '7(2 < 3(4 5) 6) < 1',
  ],
  [
    'a chain that begins with a group in the header',
    chord([chain(group(a, b), c), d], e),
    [
      'open 7 2 => e#1',
      'open 5 2 => c#2@7[0] => e#1',
      'a#3@5[0] => c#2@7[0] => e#1',
      'b#4@5[1] => c#2@7[0] => e#1',
      'd#6@7[1] => e#1',
    ],
    '7(5(3 4) < 2 6) < 1',
  ],
  [
    'a chain that ends in a chord in the header',
    chord([chain(a, chord([b], c)), d], e),
    ['open 7 2 => e#1', 'a#2 > {(b#4)#5 => c#3@7[0] => e#1}', 'd#6@7[1] => e#1'],
    '7(2 < 5(4) < 3 6) < 1',
  ],
  [
    'a chord in the header',
    chord([chord([a, b], c), d], e),
    [
      'open 7 2 => e#1',
      'open 5 2 => c#2@7[0] => e#1',
      'a#3@5[0] => c#2@7[0] => e#1',
      'b#4@5[1] => c#2@7[0] => e#1',
      'd#6@7[1] => e#1',
    ],
    '7(5(3 4) < 2 6) < 1',
  ],
  [
    'a chord whose body is a chain in the header',
    chord([chord([a, b], chain(c, d)), d], e),
    [
      'open 8 2 => e#1',
      'open 6 2 => [c#2 > d#3@8[0] => e#1]',
      'a#4@6[0] => [c#2 > d#3@8[0] => e#1]',
      'b#5@6[1] => [c#2 > d#3@8[0] => e#1]',
      'd#7@8[1] => e#1',
    ],
    '8(6(4 5) < 2 < 3 7) < 1',
  ],
  [
    'a chord whose body is a group in the header',
    chord([chord([a], group(b, c)), d], e),
    [
      'open 8 3 => e#1',
      'open 6 1 => (b#3@8[0] => e#1 c#4@8[1] => e#1)#2',
      'a#5@6[0] => (b#3@8[0] => e#1 c#4@8[1] => e#1)#2',
      'd#7@8[2] => e#1',
    ],
    '8(6(5) < 2(3 4) 7) < 1',
  ],
  [
    'chords three deep',
    chord([chord([chord([a], b)], c)], d),
    [
      'open 7 1 => d#1',
      'open 6 1 => c#2@7[0] => d#1',
      'open 5 1 => b#3@6[0] => c#2@7[0] => d#1',
      'a#4@5[0] => b#3@6[0] => c#2@7[0] => d#1',
    ],
    '7(6(5(4) < 3) < 2) < 1',
  ],
];

describe.each([
  ['chains', CHAINS],
  ['groups', GROUPS],
  ['chords', CHORDS],
])('%s', (_kind, rows) => {
  it.each(rows)('%s', (_what, canvas, sent, promise) => {
    expect(planText(canvas)).toEqual(sent);
    expect(promised(canvas)).toBe(promise);
  });
});

describe('the rest of a chain that a workflow stands in', () => {
  const rest = [toCanvasDict(signature('z', { taskId: 'z' })), toCanvasDict(signature('y', { taskId: 'y' }))];
  it.each<[string, AnyCanvas, string[]]>([
    ['goes on after a task', a, ['a#1 > y#y > z#z']],
    ['goes on after the last step of a chain', chain(a, b), ['a#1 > b#2 > y#y > z#z']],
    [
      'becomes part of the body of a chord',
      chord([a], b),
      ['open 3 1 => [b#1 > y#y > z#z]', 'a#2@3[0] => [b#1 > y#y > z#z]'],
    ],
    [
      'is added to a body that is a chain',
      chord([a], chain(b, c)),
      ['open 4 1 => [b#1 > c#2 > y#y > z#z]', 'a#3@4[0] => [b#1 > c#2 > y#y > z#z]'],
    ],
    ['goes on after the body of a chord without a header', chord([], a), ['a([])#1 > y#y > z#z']],
  ])('%s', (_what, canvas, sent) => {
    const workflow = freeze(canvas, numbered());
    expect(workflow && sentText(workflow, rest)).toEqual(sent);
  });
});
