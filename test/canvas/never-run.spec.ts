import { describe, expect, it } from 'vitest';
import { toCanvasDict } from '../../lib/canvas/canvas-dict.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { freeze } from '../../lib/canvas/frozen.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { endIdOf, errbacksOf, neverRun } from '../../lib/canvas/never-run.js';
import { canvasOf, plan } from '../../lib/canvas/plan.js';
import type { SignatureDict } from '../../lib/message/signature.js';
import { capturedCanvases } from './captured.js';
import { numbered, text } from './notation.js';

/** Fits everywhere: what the types would say is not what is looked at here. */
type AnyStep = Canvas<[], never, true>;
const anyStep = (name: string): AnyStep => signature(name) as unknown as AnyStep;
const [a, b, c, d] = [anyStep('a'), anyStep('b'), anyStep('c'), anyStep('d')];
const [x, y] = [signature('x') as never, signature('y') as never];

/** The dictionary of a frozen canvas, as it travels in messages. */
function travelling(canvas: AnyCanvas): SignatureDict {
  const workflow = freeze(canvas, numbered());
  if (workflow === undefined) throw new Error('nothing is left of it');
  return JSON.parse(JSON.stringify(toCanvasDict(canvasOf(workflow)))) as SignatureDict;
}

/** `3@g[0] => body` is a task that a chord waits for. */
const told = (dict: SignatureDict): string[] =>
  neverRun(dict).map(({ taskId, part }) =>
    part === undefined ? taskId : `${taskId}@${part.groupId}[${part.groupIndex}] => ${part.body.task}`,
  );

describe('tasks that will never run', () => {
  it.each<[what: string, canvas: AnyCanvas, ids: string[]]>([
    ['a task', a, ['1']],
    ['a chain', chain(a, b, c), ['1', '2', '3']],
    ['a group', group(a, b), ['2', '3']],
    ['a chord: header and body, and nobody waits for its parts', chord([a, b], c), ['2', '3', '1']],
    ['a chord in a chain', chain(a, chord([b, c], d)), ['1', '3', '4', '2']],
    ['a chord in a chord', chord([chord([a], b), c], d), ['3', '2', '5', '1']],
  ])('%s', (_what, canvas, ids) => {
    expect(told(travelling(canvas))).toEqual(ids);
  });

  it('a step that a chord waits for is one of its parts', () => {
    const rest = restOf(chord([chain(a, b, group(c, d))], anyStep('x')));
    expect(rest.flatMap(told)).toEqual(['5@7[0] => x', '6@7[1] => x', '3']);
  });

  it('a chord in a header counts its body in the outer chord, its own parts nowhere', () => {
    const rest = restOf(chord([chain(a, chord([b], c))], d));
    expect(rest.flatMap(told)).toEqual(['4', '3@6[0] => d']);
  });

  it('a callback from the wire that has no id is nobody that anybody waits for', () => {
    expect(told(toCanvasDict(chain(a, b)))).toEqual([]);
  });

  it('what carries a rest of its own brings it along, as Celery reverses it', () => {
    const dict = toCanvasDict(a);
    const rest = [toCanvasDict(c.set({ taskId: 'C' })), toCanvasDict(b.set({ taskId: 'B' }))];
    expect(told({ ...dict, options: { task_id: 'A', chain: rest } })).toEqual(['A', 'C', 'B']);
  });

  it('results that travel as messages go where their task says', () => {
    const dict = toCanvasDict(a.set({ taskId: 'A', replyTo: 'replies' }));
    expect(neverRun(dict)).toMatchObject([{ taskId: 'A', replyTo: 'replies' }]);
  });

  it.each(['5.2.6', '5.6'] as const)('of a chord in a chain that Celery %s has sent', (version) => {
    const [message] = capturedCanvases(version).get('task|group|task')?.messages ?? [];
    expect(message?.body[2].chain?.flatMap(told)).toEqual(['U3', 'U5', 'U4']);
  });
});

describe('the id that stands for a workflow', () => {
  it.each<[what: string, canvas: AnyCanvas, id: string]>([
    ['a task', a, '1'],
    ['a chain: its last step', chain(a, b), '2'],
    ['a group: its own', group(a, b), '1'],
    ['a chain that ends in a group: that of the group', chain(a, group(b, c)), '2'],
    ['a chord: its body', chord([a, b], chain(c, d)), '2'],
  ])('%s', (_what, canvas, id) => {
    expect(endIdOf(travelling(canvas))).toBe(id);
  });

  it('none without ids', () => {
    expect(endIdOf(toCanvasDict(chain(a, b)))).toBeUndefined();
  });
});

describe('who hears that a workflow will not run', () => {
  const told = (canvas: AnyCanvas): string[] => errbacksOf(travelling(canvas)).map(text);

  it.each<[what: string, canvas: AnyCanvas, callbacks: string[]]>([
    ['a task', a.linkError(x, y), ['x', 'y']],
    ['a task without callbacks', a, []],
    ['a chain: its first step, for no other would have run', chain(a.linkError(x), b.linkError(y)), ['x']],
    ['a chain: once, however many steps carry it', chain(a, b).linkError(x), ['x']],
    ['a group: once, however many members carry it', group(a, b).linkError(x), ['x']],
    ['a group: each member’s', group(a.linkError(x), b.linkError(y)), ['x', 'y']],
    ['a chord: its header', chord([a.linkError(x), b], c.linkError(y)), ['x']],
    ['a chord whose header has none: its body', chord([a, b], c.linkError(y)), ['y']],
  ])('%s', (_what, canvas, callbacks) => {
    expect(told(canvas)).toEqual(callbacks);
  });
});

/** The rest of the chain that the first message of a canvas carries. */
function restOf(canvas: AnyCanvas): readonly SignatureDict[] {
  const workflow = freeze(canvas, numbered());
  if (workflow === undefined) throw new Error('nothing is left of it');
  for (const step of plan(workflow)) if (step.kind === 'send') return step.call.options.chain ?? [];
  return [];
}
