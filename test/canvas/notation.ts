import { toCanvasDict } from '../../lib/canvas/canvas-dict.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import { freeze, type Freezing } from '../../lib/canvas/frozen.js';
import { canvasOf, plan } from '../../lib/canvas/plan.js';
import { resultOf, type PlannedResult, type Workflow } from '../../lib/canvas/workflow.js';
import type { SignatureDict } from '../../lib/message/signature.js';

/**
 * Canvases in one line, so that tables of them can be read:
 *
 * `add(1)#7@g[0] {queue:"q"} +link -errback > next#8 => body#9` is a call with its arguments, id, group and index, its
 * other options, its callbacks, the rest of its chain in the order in which it runs, and the body of the chord that counts
 * it. `!` marks an immutable one. `[a > b]` is a chain, `(a b)#g` a group, `{a b}#g => c` a chord.
 */
export function text(dict: SignatureDict): string {
  return `${bare(dict)}${suffix(dict)}`;
}

function bare({ task, args, kwargs, subtask_type: type }: SignatureDict): string {
  switch (type) {
    case 'chain':
      return `[${listOf(kwargs['tasks']).map(text).join(' > ')}]`;
    case 'group':
      return `(${listOf(kwargs['tasks']).map(text).join(' ')})`;
    case 'chord': {
      const header = kwargs['header'];
      const group = Array.isArray(header) ? `(${listOf(header).map(text).join(' ')})` : text(dictOf(header));
      return `{${group} => ${text(dictOf(kwargs['body']))}}`;
    }
    default: {
      const named = Object.entries(kwargs).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      const given = [...args.map((arg) => JSON.stringify(arg)), ...named];
      return given.length === 0 ? task : `${task}(${given.join()})`;
    }
  }
}

function suffix({ options, immutable }: SignatureDict): string {
  const { task_id: id, group_id: group, group_index: index, chain, chord, ...others } = options;
  const { link, link_error: linkError, ...rest } = others;
  const each = (sign: string, list: unknown): string =>
    listOf(list)
      .map((dict) => ` ${sign}${text(dict)}`)
      .join('');
  return [
    immutable ? '!' : '',
    typeof id === 'string' ? `#${id}` : '',
    typeof group === 'string' ? `@${group}` : '',
    typeof index === 'number' ? `[${index}]` : '',
    Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest).replaceAll(/"(\w+)":/g, '$1:')}`,
    each('+', link),
    each('-', linkError),
    each('> ', [...listOf(chain)].reverse()),
    chord === undefined || chord === null ? '' : ` => ${text(dictOf(chord))}`,
  ].join('');
}

function listOf(value: unknown): readonly SignatureDict[] {
  return (value ?? []) as readonly SignatureDict[];
}

function dictOf(value: unknown): SignatureDict {
  return value as SignatureDict;
}

/** Ids are 1, 2, 3 … in the order in which they are given. */
export function numbered(more: Partial<Freezing> = {}): Freezing {
  let last = 0;
  return { newId: () => String(++last), errorsOnHeader: false, ...more };
}

export function workflowText(workflow: Workflow): string {
  return text(toCanvasDict(canvasOf(workflow)));
}

/** What is sent for a canvas, in order; a chord that is opened as `open <group> <size>`. */
export function planText(canvas: AnyCanvas, more: Partial<Freezing> = {}): string[] {
  const workflow = freeze(canvas, numbered(more));
  return workflow === undefined ? [] : sentText(workflow);
}

export function sentText(workflow: Workflow, chain: readonly SignatureDict[] = []): string[] {
  return [...plan(workflow, chain)].map((step) =>
    step.kind === 'send'
      ? text(toCanvasDict(step.call))
      : `open ${step.chord.groupId} ${step.chord.size} => ${text(step.chord.body)}`,
  );
}

/** `1 < 2` is a result with its parent; a group's members are in brackets. */
export function resultText({ id, parent, members }: PlannedResult): string {
  const own = members === undefined ? id : `${id}(${members.map(resultText).join(' ')})`;
  return parent === undefined ? own : `${resultText(parent)} < ${own}`;
}

export function promised(canvas: AnyCanvas, more: Partial<Freezing> = {}): string | undefined {
  const workflow = freeze(canvas, numbered(more));
  return workflow === undefined ? undefined : resultText(resultOf(workflow));
}
