import { describe, expect, it } from 'vitest';
import { fromCanvasDict, toCanvasDict } from '../../lib/canvas/canvas-dict.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import type { ApplyAsyncOptions } from '../../lib/canvas/call.options.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { freeze } from '../../lib/canvas/frozen.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { canvasOf } from '../../lib/canvas/plan.js';
import { resultOf } from '../../lib/canvas/workflow.js';
import { InvalidCanvasError } from '../../lib/errors.js';
import type { SignatureDict } from '../../lib/message/signature.js';
import { capturedCanvases, type Version } from './captured.js';
import { numbered, planText, resultText, workflowText } from './notation.js';

/** Fits everywhere: what the types would say is not what is looked at here. */
type AnyStep = Canvas<[], never, true>;
const anyStep = (name: string): AnyStep => signature(name) as unknown as AnyStep;
const [a, b, c, d] = [anyStep('a'), anyStep('b'), anyStep('c'), anyStep('d')];
const cb = signature('cb') as never;
const eb = signature('eb') as never;

function frozen(canvas: AnyCanvas, errorsOnHeader = false): string | undefined {
  const workflow = freeze(canvas, numbered({ errorsOnHeader }));
  return workflow && workflowText(workflow);
}

describe('options given to a canvas', () => {
  const one = { queue: 'q', countdown: 3, priority: 3, headers: { h: 1 } } satisfies ApplyAsyncOptions;
  const ONE = '{countdown:3,queue:"q",priority:3,headers:{h:1}}';
  const every = { expires: 5, stamps: { s: 1 }, ignoreResult: true } satisfies ApplyAsyncOptions;
  const EVERY = '{expires:5,ignore_result:true,s:1,stamped_headers:["s"]}';

  it.each<[what: string, canvas: AnyCanvas, expected: string]>([
    ['a task, how it is sent', a.set(one), `a#1 ${ONE}`],
    ['a chain, how it is sent: its first step', chain(a, b).set(one), `[a#1 ${ONE} > b#2]`],
    ['a group, how it is sent: every member', group(a, b).set(one), `(a#2@1[0] ${ONE} b#3@1[1] ${ONE})#1`],
    [
      'a group in a chain: every member of it',
      chain(a, group(b, c).set(one)),
      `[a#1 > (b#3@2[0] ${ONE} c#4@2[1] ${ONE})#2]`,
    ],
    [
      'a group with a step after it: the header',
      chain(group(a, b).set(one), c),
      `{(a#2 ${ONE} b#3 ${ONE})#4 => c#1}`,
    ],
    ['a group of one with a step after it', chain(a, group(b).set(one), c), `[a#1 > b#2 ${ONE} > c#3]`],
    [
      'a chord, how it is sent: header and body, but the wait the header only',
      chord([a, b], c).set(one),
      `{(a#2 ${ONE} b#3 ${ONE})#4 => c#1 {queue:"q",priority:3,headers:{h:1}}}`,
    ],
    ['a chain, for its results: every step', chain(a, b).set(every), `[a#1 ${EVERY} > b#2 ${EVERY}]`],
    ['a group, for its results', group(a, b).set(every), `(a#2@1[0] ${EVERY} b#3@1[1] ${EVERY})#1`],
    ['a chord, for its results', chord([a], b).set(every), `{(a#2 ${EVERY})#3 => b#1 ${EVERY}}`],
    [
      'a chain with a group, for its results',
      chain(a, group(b, c), d).set(every),
      `[a#1 ${EVERY} > {(b#3 ${EVERY} c#4 ${EVERY})#5 => d#2 ${EVERY}}]`,
    ],
    [
      'a chain in a chain',
      chain(a, chain(b, c).set({ queue: 'q' }), d),
      '[a#1 > b#2 {queue:"q"} > c#3 > d#4]',
    ],
    [
      'a step wins over what its chain says',
      chain(a.set({ queue: 'own' }), b).set({ priority: 1 }),
      '[a#1 {queue:"own",priority:1} > b#2]',
    ],
  ])('%s', (_what, canvas, expected) => {
    expect(frozen(canvas)).toBe(expected);
  });

  it.each<[what: string, canvas: AnyCanvas, expected: string]>([
    ['a task', a.set({ taskId: 'X' }), 'X'],
    ['a chain: its last step', chain(a, b).set({ taskId: 'X' }), '1 < X'],
    ['a chain in a chain', chain(chain(a, b).set({ taskId: 'X' }), c), '1 < X < 2'],
    ['a group', group(a, b).set({ taskId: 'X' }), 'X(1 2)'],
    ['a group with a step after it: the header', chain(group(a, b).set({ taskId: 'X' }), c), 'X(2 3) < 1'],
    ['a group as header', chord(group(a, b).set({ taskId: 'X' }), c), 'X(2 3) < 1'],
    ['a chain that ends in a group: the group', chain(a, group(b, c)).set({ taskId: 'X' }), '1 < X(2 3)'],
    ['a chord: its body', chord([a, b], c).set({ taskId: 'X' }), '3(1 2) < X'],
    ['a chord with a step after it: its body', chain(chord([a], b).set({ taskId: 'X' }), c), '3(2) < X < 1'],
    ['every part', chain(a.set({ taskId: 'A' }), b.set({ taskId: 'B' })), 'A < B'],
  ])('an id given ahead to %s', (_what, canvas, expected) => {
    const workflow = freeze(canvas, numbered());
    expect(workflow && resultText(resultOf(workflow))).toBe(expected);
  });

  it('the queue of replies goes with every task, but not over one of its own', () => {
    expect(planText(chain(a, group(b, c), d.set({ replyTo: 'own' })), { replyTo: 'r' })).toEqual([
      'a#1 {reply_to:"r"} > {(b#3 {reply_to:"r"} c#4 {reply_to:"r"})#5 => d#2 {reply_to:"own"}}',
    ]);
  });
});

describe('a group in a header', () => {
  it.each<[what: string, canvas: AnyCanvas, expected: string]>([
    ['of a chord', chord([group(a, b), c], d), '{(a#3 b#4 c#5)#6 => d#1}'],
    ['of a group with a step after it', chain(group(group(a, b), c), d), '{(a#3 b#4 c#5)#6 => d#1}'],
  ])(
    '%s: its members are parts of that only, or workers of Python count them elsewhere',
    (_what, canvas, expected) => {
      expect(frozen(canvas)).toBe(expected);
    },
  );
});

describe('callbacks given to a canvas', () => {
  it.each<[what: string, canvas: AnyCanvas, expected: string]>([
    ['a task', a.link(cb), 'a#1 +cb'],
    ['a task, two of them', a.link(cb).link(d as never), 'a#1 +cb +d'],
    ['a task, twice the same', a.link(cb).link(cb), 'a#1 +cb'],
    ['a task, a chain', a.link(chain(b, c) as never), 'a#1 +[b > c]'],
    ['a chain: its last step', chain(a, b).link(cb), '[a#1 > b#2 +cb]'],
    ['a group: its first member, taking nothing', group(a, b).link(cb), '(a#2@1[0] +cb! b#3@1[1])#1'],
    ['a group with a step after it', chain(group(a, b).link(cb), c), '{(a#2 +cb! b#3)#4 => c#1}'],
    ['a chord: its body', chord([a, b], c).link(cb), '{(a#2 b#3)#4 => c#1 +cb}'],
    [
      'a chord with a group as body',
      chord([a], group(b, c)).link(cb),
      '{(a#4)#5 => (b#2@1[0] +cb! c#3@1[1])#1}',
    ],
    ['a chord with a chain as body', chord([a], chain(b, c)).link(cb), '{(a#3)#4 => [b#1 > c#2 +cb]}'],
    [
      'a chord with a step after it: its own body',
      chain(chord([a], b).link(cb), c),
      '{(a#3)#4 => [b#1 +cb > c#2]}',
    ],
    ['a chain that ends in a group', chain(a, group(b, c)).link(cb), '[a#1 > (b#3@2[0] +cb! c#4@2[1])#2]'],
    ['a chain that ends in a chord', chain(a, group(b, c), d).link(cb), '[a#1 > {(b#3 c#4)#5 => d#2 +cb}]'],
  ])('link of %s', (_what, canvas, expected) => {
    expect(frozen(canvas)).toBe(expected);
  });

  it.each<[what: string, canvas: AnyCanvas, expected: string, onHeader?: string]>([
    ['a task', a.linkError(eb), 'a#1 -eb'],
    ['a chain: every step', chain(a, b).linkError(eb), '[a#1 -eb > b#2 -eb]'],
    ['a chain in a chain: its steps', chain(a, chain(b, c).linkError(eb)), '[a#1 > b#2 -eb > c#3 -eb]'],
    ['a group: every member', group(a, b).linkError(eb), '(a#2@1[0] -eb b#3@1[1] -eb)#1'],
    [
      'a chord: its body',
      chord([a, b], c).linkError(eb),
      '{(a#2 b#3)#4 => c#1 -eb}',
      '{(a#2 -eb! b#3 -eb!)#4 => c#1 -eb}',
    ],
    [
      'a chord with a chain as body: every step of it',
      chord([a], chain(b, c)).linkError(eb),
      '{(a#3)#4 => [b#1 -eb > c#2 -eb]}',
      '{(a#3 -eb!)#4 => [b#1 -eb > c#2 -eb]}',
    ],
    [
      'a chord with a group as body: every member of it',
      chord([a], group(b, c)).linkError(eb),
      '{(a#4)#5 => (b#2@1[0] -eb c#3@1[1] -eb)#1}',
      '{(a#4 -eb!)#5 => (b#2@1[0] -eb c#3@1[1] -eb)#1}',
    ],
    [
      'a chain that ends in a group: its members too',
      chain(a, group(b, c)).linkError(eb),
      '[a#1 -eb > (b#3@2[0] -eb c#4@2[1] -eb)#2]',
    ],
    [
      'a chain with a group in it: not the members, whose failure the step after them hears of',
      chain(a, group(b, c), d).linkError(eb),
      '[a#1 -eb > {(b#3 c#4)#5 => d#2 -eb}]',
      '[a#1 -eb > {(b#3 -eb! c#4 -eb!)#5 => d#2 -eb}]',
    ],
    [
      'a chain with a chord in it',
      chain(a, chord([b], c)).linkError(eb),
      '[a#1 -eb > {(b#3)#4 => c#2 -eb}]',
      '[a#1 -eb > {(b#3 -eb!)#4 => c#2 -eb}]',
    ],
    [
      'a chain in a chain, with a group at its end and a step after it',
      chain(chain(a, group(b, c)).linkError(eb), d),
      '[a#1 -eb > {(b#3 -eb c#4 -eb)#5 => d#2}]',
    ],
    [
      'a chain with a group of one in it',
      chain(a, group(b), c).linkError(eb),
      '[a#1 -eb > b#2 -eb > c#3 -eb]',
    ],
    ['a group with a step after it', chain(group(a, b).linkError(eb), c), '{(a#2 -eb b#3 -eb)#4 => c#1}'],
  ])('linkError of %s', (_what, canvas, expected, onHeader = expected) => {
    expect(frozen(canvas)).toBe(expected);
    expect(frozen(canvas, true)).toBe(onHeader);
  });

  it('those of a chain come after those of its steps', () => {
    const own = signature('own') as never;
    expect(frozen(chain(a.linkError(own), b).linkError(eb))).toBe('[a#1 -own -eb > b#2 -eb]');
  });
});

describe('dictionaries that were frozen before', () => {
  it.each<[string, AnyCanvas]>([
    ['a chain', chain(a, b, c)],
    ['a group', group(a, chain(b, c))],
    ['a chord', chord([a, chain(b, c)], d)],
    ['a chord in a chord', chord([chord([a], b), c], d)],
    ['a group in a header', chord([chain(a, group(b, c))], d)],
    ['a group with a group after it', chain(a, group(b, c), group(c, d))],
  ])('%s keeps its ids', (_what, canvas) => {
    const workflow = freeze(canvas, numbered());
    if (workflow === undefined) throw new Error('nothing is left of it');
    const dict = JSON.parse(JSON.stringify(toCanvasDict(canvasOf(workflow)))) as SignatureDict;
    const again = freeze(fromCanvasDict(dict), numbered({ newId: () => 'new' }));
    expect(again && workflowText(again)).toBe(workflowText(workflow));
  });

  it.each<[Version, shape: string, expected: string]>([
    ['5.2.6', 'task|group', '(tw.mul(3)#U3@U5[0] tw.mul(4)#U4@U5[1])#U5'],
    ['5.6', 'task|group', '(tw.mul(3)#U3@U5[0] tw.mul(4)#U4@U5[1])#U5'],
    ['5.2.6', 'task|group|task', '{(tw.mul(3)#U3 tw.mul(4)#U5)#U6 => tw.tsum#U4}'],
    ['5.6', 'task|group|task', '{(tw.mul(3)#U3 tw.mul(4)#U5)#U6 => tw.tsum#U4}'],
    ['5.2.6', 'chord in chain end', '{(tw.mul(3)#U3 tw.mul(4)#U6)#U7 => [tw.tsum#U4 > tw.add(5)#U5]}'],
    ['5.6', 'chord in chain end', '{(tw.mul(3)#U3 tw.mul(4)#U6)#U7 => [tw.tsum#U4 > tw.add(5)#U5]}'],
  ])('Celery %s, %s: the ids that its client knows', (version, shape, expected) => {
    const [message] = capturedCanvases(version).get(shape)?.messages ?? [];
    const [next] = message?.body[2].chain ?? [];
    if (next === undefined) throw new Error('nothing captured');
    const workflow = freeze(fromCanvasDict(next), numbered({ newId: () => 'new' }));
    // The body of the chord in its header's tasks, and where replies go, is said again: left out here.
    const text = workflow && workflowText(workflow);
    expect(text?.replaceAll(/ \{reply_to:"U2"\}/g, '').replaceAll(BODY_AGAIN, '')).toBe(expected);
  });
});

/** Python writes the chord into its header's tasks too, with their index. */
const BODY_AGAIN = /(?<=#U\d)\[\d\] => (?:tw\.tsum#U4|\[tw\.tsum#U4 > tw\.add\(5\)#U5\](?:#U5)?)/g;

describe('what cannot be frozen', () => {
  const nested = (depth: number): AnyCanvas => (depth === 0 ? a : group(nested(depth - 1) as never));
  const raw = (canvas: object): AnyCanvas => ({ options: {}, immutable: false, ...canvas }) as AnyCanvas;
  const circle = { kind: 'group', members: [] as unknown[], options: {}, immutable: false };
  circle.members.push(circle);
  const chainCircle = { kind: 'chain', steps: [] as unknown[], options: {}, immutable: false };
  chainCircle.steps.push(a, chainCircle);
  async function* later() {
    yield a;
  }

  it('a hundred levels are not too many', () => {
    expect(frozen(nested(100))).toContain('a#');
  });

  it.each<[what: string, canvas: AnyCanvas, problem: string]>([
    ['too many levels', raw({ kind: 'group', members: [nested(100)] }), 'nested deeper than 100 levels'],
    ['a group that holds itself', circle as never, 'or holds itself'],
    ['a chain that holds itself', chainCircle as never, 'or holds itself'],
    ['members that come later, in a chain', chain(a, group(later())), 'Collect them into an array first'],
    ['members that come later, in a group', group(group(later())), 'Collect them into an array first'],
  ])('%s', (_what, canvas, problem) => {
    expect(() => frozen(canvas)).toThrow(InvalidCanvasError);
    expect(() => frozen(canvas)).toThrow(problem);
  });
});
