import { describe, expect, it } from 'vitest';
import { toCanvasDict } from '../../lib/canvas/canvas-dict.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { replacement } from '../../lib/canvas/replacement.js';
import { EMPTY_EMBED, type TaskMessage } from '../../lib/message/task-message.js';
import { aTaskMessage } from '../worker/a-task-message.js';
import { renumbered } from './captured.js';
import { numbered, sentText } from './notation.js';

/** Fits everywhere: what the types would say is not what is looked at here. */
type AnyStep = Canvas<[], never, true>;
const anyStep = (name: string): AnyStep => signature(name) as unknown as AnyStep;
const [a, b, c] = [anyStep('a'), anyStep('b'), anyStep('c')];
const empty = Object.freeze({ kind: 'chain', steps: [], options: {}, immutable: false }) as AnyCanvas;

const [cb, eb, body, rest] = ['cb', 'eb', 'body', 'rest'].map((name) => toCanvasDict(anyStep(name)));
if (!cb || !eb || !body || !rest) throw new Error('no dictionaries');

const plain: Partial<TaskMessage> = { id: 'H', rootId: 'R' };
const MARKS = ' {root_id:"R",replaced_task_nesting:1}';
const NESTING = ' {replaced_task_nesting:1}';

/** What is sent in the place of a task, with the rest of its chain. */
function sent(canvas: AnyCanvas, host: Partial<TaskMessage> = plain): string[] | undefined {
  const message = aTaskMessage(host);
  let last = 0;
  const workflow = replacement(canvas, message, numbered({ newId: () => `U${++last}` }));
  return workflow && renumbered(sentText(workflow, message.embed.chain));
}

describe('a canvas in the place of a task', () => {
  it.each<[what: string, canvas: AnyCanvas, expected: string[]]>([
    ['a task', a, [`a#H${MARKS}`]],
    ['a task with an id of its own', a.set({ taskId: 'own' }), [`a#H${MARKS}`]],
    ['a chain: its last step is the task', chain(a, b), [`a#U1${MARKS} > b#H${NESTING}`]],
    [
      'a chord: its body is the task',
      chord([a, b], c),
      [`open U1 2 => c#H${MARKS}`, `a#U2@U1[0]${MARKS} => c#H${MARKS}`, `b#U3@U1[1]${MARKS} => c#H${MARKS}`],
    ],
  ])('%s', (_what, canvas, expected) => {
    expect(sent(canvas)).toEqual(expected);
  });

  it.each<[what: string, canvas: AnyCanvas]>([
    ['a group', group(a, b)],
    ['a chain that ends in a group', chain(c, group(a, b))],
    ['a chord with a group as body', chord([c], group(a, b))],
  ])('%s comes to one result, the list', (_what, canvas) => {
    expect(sent(canvas)?.join('\n')).toContain('celery.accumulate(index=0)#H');
  });

  it('an empty one is none', () => {
    expect(sent(empty)).toBeUndefined();
  });

  describe('takes over from the task', () => {
    it.each<[what: string, host: Partial<TaskMessage>, expected: string]>([
      ['its group', { groupId: 'g', groupIndex: 3 }, `a#U1${MARKS} > b#H@g[3]${NESTING}`],
      [
        'its chord',
        { groupId: 'g', groupIndex: 3, embed: { ...EMPTY_EMBED, chord: body } },
        `a#U1${MARKS} > b#H@g[3]${NESTING} => body`,
      ],
      [
        'the rest of its chain',
        { embed: { ...EMPTY_EMBED, chain: [rest] } },
        `a#U1${MARKS} > b#H${NESTING} > rest`,
      ],
      [
        // Celery 5 sends them twice, with the same id.
        'its callbacks, each once, for its end',
        { embed: { ...EMPTY_EMBED, callbacks: [cb] } },
        `a#U1${MARKS} > b#H${NESTING} +cb`,
      ],
      [
        'its error callbacks, for every task of it',
        { embed: { ...EMPTY_EMBED, errbacks: [eb] } },
        `a#U1${MARKS} -eb > b#H${NESTING} -eb`,
      ],
      [
        'its stamps',
        { stamps: { s: 1 } },
        'a#U1 {root_id:"R",replaced_task_nesting:1,s:1,stamped_headers:["s"]} > b#H {replaced_task_nesting:1,s:1,stamped_headers:["s"]}',
      ],
      [
        'that its result is not kept',
        { ignoreResult: true },
        'a#U1 {ignore_result:true,root_id:"R",replaced_task_nesting:1} > b#H {ignore_result:true,replaced_task_nesting:1}',
      ],
    ])('%s', (_what, host, expected) => {
      expect(sent(chain(a, b), { ...plain, ...host })).toEqual([expected]);
    });

    it('where its result goes', () => {
      const workflow = replacement(
        a,
        aTaskMessage({ ...plain, replyTo: 'theirs' }),
        numbered({ replyTo: 'ours' }),
      );
      expect(workflow && sentText(workflow)).toEqual([
        `a#H {reply_to:"theirs",root_id:"R",replaced_task_nesting:1}`,
      ]);
    });

    it('how often it was replaced', () => {
      const [first] = sent(a, { ...plain, replacedTaskNesting: 4 }) ?? [];
      expect(first).toContain('replaced_task_nesting:5');
    });
  });
});
