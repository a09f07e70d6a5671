import type { AnySignature } from '../canvas/call.options.js';
import type { AnyCanvas, Members } from '../canvas/canvas.js';
import { InvalidCallError } from '../errors.js';
import { messageOf } from '../runtime/message-of.js';
import { unreachable } from '../runtime/unreachable.js';
import type { KnownTasks } from '../task/known-tasks.js';
import { bindArguments } from '../task/parameters.js';

/**
 * Celery's `typing`: a call that its method would refuse is refused here, where its stack tells who made it. What follows
 * another task gets one argument more, unless it is immutable.
 * @throws InvalidCallError
 */
export function checkCalls(canvas: AnyCanvas, tasks: Pick<KnownTasks, 'get'>, getsResult = false): void {
  switch (canvas.kind) {
    case 'task':
      return checkCall(canvas, tasks, getsResult);
    case 'chain':
      return canvas.steps.forEach((step, index) => checkCalls(step, tasks, getsResult || index > 0));
    case 'group':
      return membersKnown(canvas.members).forEach((member) => checkCalls(member, tasks, getsResult));
    case 'chord':
      membersKnown(canvas.header).forEach((member) => checkCalls(member, tasks, getsResult));
      return checkCalls(canvas.body, tasks, true);
    default:
      return unreachable(canvas);
  }
}

function checkCall(call: AnySignature, tasks: Pick<KnownTasks, 'get'>, getsResult: boolean): void {
  const { task, args, kwargs, immutable } = call;
  const definition = tasks.get(task);
  if (definition === undefined || !definition.config.typing) return;
  try {
    bindArguments(definition.parameters, getsResult && !immutable ? [undefined, ...args] : args, kwargs);
  } catch (error) {
    throw new InvalidCallError(task, messageOf(error));
  }
}

/** Members that only come when the group is sent are not asked for twice. */
function membersKnown(members: Members): readonly AnyCanvas[] {
  return Array.isArray(members) ? (members as readonly AnyCanvas[]) : [];
}
