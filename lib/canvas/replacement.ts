import type { TaskMessage } from '../message/task-message.js';
import type { CallOptions } from './call.options.js';
import type { AnyCanvas } from './canvas.js';
import { freeze, withMore, type Freezing } from './frozen.js';
import { makeSignature } from './signature.js';
import { resultOf, type Workflow } from './workflow.js';

/** Celery's task that gives back one of its arguments, or all of them. */
export const ACCUMULATE = 'celery.accumulate';

/**
 * A canvas in the place of a task: its end gets the task's id, group, chord and callbacks, each of its tasks the error
 * callbacks. What comes to a group is made one task's result, the list, so that one id can stand for it.
 * Undefined: the canvas is empty.
 */
export function replacement(canvas: AnyCanvas, host: TaskMessage, freezing: Freezing): Workflow | undefined {
  const { id, rootId, groupId, groupIndex, embed, replyTo, ignoreResult, stamps } = host;
  const { callbacks, errbacks, chord } = embed;
  const place: CallOptions = {
    taskId: id,
    rootId,
    replacedTaskNesting: host.replacedTaskNesting + 1,
    ...(groupId === undefined ? {} : { groupId }),
    ...(groupIndex === undefined ? {} : { groupIndex }),
    ...(chord === undefined ? {} : { chord }),
    ...(callbacks.length === 0 ? {} : { link: callbacks }),
    ...(errbacks.length === 0 ? {} : { linkError: errbacks }),
    ...(ignoreResult ? { ignoreResult } : {}),
    ...(Object.keys(stamps).length === 0 ? {} : { stamps }),
  };
  const told: Freezing = { ...freezing, replyTo: replyTo ?? freezing.replyTo };
  const one = endsInGroup(canvas, told) ? accumulated(canvas) : canvas;
  return freeze(withMore(one, place), told);
}

function endsInGroup(canvas: AnyCanvas, freezing: Freezing): boolean {
  if (canvas.kind === 'task') return false;
  const frozen = freeze(canvas, freezing);
  return frozen !== undefined && resultOf(frozen).members !== undefined;
}

function accumulated(canvas: AnyCanvas): AnyCanvas {
  const all = makeSignature(ACCUMULATE, { kwargs: { index: 0 }, immutable: false });
  return Object.freeze({ kind: 'chain', steps: [canvas, all], options: NO_OPTIONS, immutable: false });
}

const NO_OPTIONS: CallOptions = Object.freeze({});
