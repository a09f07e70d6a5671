import type { SignatureDict } from '../message/signature.js';
import { unreachable } from '../runtime/unreachable.js';
import { fromCanvasDict, isSignatureDict } from './canvas-dict.js';
import { freeze } from './frozen.js';
import type { Workflow } from './workflow.js';

/** A task that was promised and will not be sent any more. */
export interface NeverRun {
  readonly taskId: string;
  /** Queue its result goes to, where results travel as messages. */
  readonly replyTo: string | undefined;
  readonly groupId: string | undefined;
  /** The chord that waits for it. */
  readonly part: NeverRunPart | undefined;
}

export interface NeverRunPart {
  readonly groupId: string;
  readonly groupIndex: number | undefined;
  readonly body: SignatureDict;
}

/**
 * Every task of a workflow that will not run, each once. A chord in it waits for nobody: only parts of chords outside of
 * it are counted.
 */
export function neverRun(dict: SignatureDict): NeverRun[] {
  const workflow = freeze(fromCanvasDict(dict), ANYBODY);
  return workflow === undefined ? [] : tasksOf(workflow, true).filter(({ taskId }) => taskId !== NOBODY);
}

/** The id that stands for the whole: of the task whose result its sender waits for. */
export function endIdOf(dict: SignatureDict): string | undefined {
  const workflow = freeze(fromCanvasDict(dict), ANYBODY);
  const id = workflow === undefined ? NOBODY : endId(workflow);
  return id === NOBODY ? undefined : id;
}

/** Error callbacks of what would have run next, each once however many tasks carry it. */
export function errbacksOf(dict: SignatureDict): readonly SignatureDict[] {
  const workflow = freeze(fromCanvasDict(dict), ANYBODY);
  if (workflow === undefined) return [];
  const found = new Map(nextErrbacks(workflow).map((each) => [JSON.stringify(each), each]));
  return [...found.values()];
}

/** Nobody waits for a task that was given no id. */
const NOBODY = '';
const ANYBODY = { newId: () => NOBODY, errorsOnHeader: false };

function tasksOf(workflow: Workflow, counts: boolean): NeverRun[] {
  switch (workflow.kind) {
    case 'task': {
      const { taskId = NOBODY, replyTo, groupId, groupIndex, chord: body, chain } = workflow.call.options;
      const isPart = counts && body !== undefined && groupId !== undefined;
      const part = isPart ? { groupId, groupIndex, body } : undefined;
      return [{ taskId, replyTo, groupId, part }, ...(chain ?? []).filter(isSignatureDict).flatMap(neverRun)];
    }
    case 'chain':
      return workflow.steps.flatMap((step) => tasksOf(step, counts));
    case 'group':
      return workflow.members.flatMap((member) => tasksOf(member, counts));
    case 'chord': {
      const header = workflow.header.flatMap((member) => tasksOf(member, false));
      return [...header, ...tasksOf(workflow.body, counts)];
    }
    default:
      return unreachable(workflow);
  }
}

function endId(workflow: Workflow): string {
  switch (workflow.kind) {
    case 'task':
      return workflow.call.options.taskId ?? NOBODY;
    case 'chain': {
      const last = workflow.steps.at(-1);
      return last === undefined ? NOBODY : endId(last);
    }
    case 'group':
      return workflow.id;
    case 'chord':
      return endId(workflow.body);
    default:
      return unreachable(workflow);
  }
}

function nextErrbacks(workflow: Workflow): readonly SignatureDict[] {
  switch (workflow.kind) {
    case 'task':
      return workflow.call.options.linkError ?? [];
    case 'chain': {
      const [first] = workflow.steps;
      return first === undefined ? [] : nextErrbacks(first);
    }
    case 'group':
      return workflow.members.flatMap(nextErrbacks);
    case 'chord': {
      const ofHeader = workflow.header.flatMap(nextErrbacks);
      return ofHeader.length > 0 ? ofHeader : nextErrbacks(workflow.body);
    }
    default:
      return unreachable(workflow);
  }
}
