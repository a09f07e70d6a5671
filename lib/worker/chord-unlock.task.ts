import { READY_STATES, type ResultBackend, type TaskMeta } from '../backend/result-backend.js';
import { endIdOf } from '../canvas/never-run.js';
import { fromCanvasDict, isSignatureDict } from '../canvas/canvas-dict.js';
import type { TaskContext } from '../context/task.context.js';
import { InvalidCallError } from '../errors.js';
import type { Sender, SendingTask } from '../producer/sender.js';
import { WorkWindow } from '../runtime/work-window.js';
import type { TaskHandler } from './pool/pool.js';
import { chordError, neverEnded, reprOf, type WorkflowEnd } from './workflow.end.js';

export interface ChordUnlockDeps {
  readonly backend: ResultBackend | undefined;
  readonly sender: Sender;
  readonly end: Pick<WorkflowEnd, 'failBody'>;
  /** Between two looks, seconds, where the message names none (`result_chord_retry_interval`). */
  readonly retryIntervalSeconds: number;
}

const LOOKS_AT_ONCE = 100;

/**
 * Celery's `celery.chord_unlock`: looks whether all parts of a chord have ended, and sends its body when they have; else
 * looks again later, as often as it may: then those that are left count as lost. It can run twice: a body that this worker
 * has sent, or whose state is known, is not sent again.
 */
export function chordUnlockHandler(deps: ChordUnlockDeps): TaskHandler {
  const ended = new Set<string>();
  return async (context) => {
    const { backend } = deps;
    if (backend === undefined) throw new InvalidCallError(context.name, 'this worker keeps no results');
    const { groupId, body, parts, intervalSeconds, maxRetries } = argumentsOf(context, deps);
    if (ended.has(groupId)) return null;
    const known = await metasOf(leavesOf(parts), backend);
    const metas = [...known.values()];
    const missing = metas.filter((meta) => meta === undefined || !READY_STATES.has(meta.status)).length;
    const maySee = maxRetries === null || context.retries < maxRetries;
    if (missing > 0 && maySee) return context.retry({ countdown: intervalSeconds, maxRetries: null });
    const bodyId = endIdOf(body);
    if (bodyId !== undefined && (await backend.get(bodyId)) !== undefined) return null;
    // Asked again: another run of the message may have got here meanwhile.
    if (ended.has(groupId)) return null;
    const parent: SendingTask = {
      id: [...known.keys()].at(-1) ?? groupId,
      rootId: context.rootId,
      priority: context.deliveryInfo.priority,
    };
    const failed = metas.find((meta) => meta !== undefined && FAILED.has(meta.status));
    const valueOf = (part: Part): unknown =>
      part.members === undefined ? (known.get(part.id)?.result ?? null) : part.members.map(valueOf);
    keep(ended, groupId);
    try {
      if (failed !== undefined || missing > 0) {
        const error =
          failed === undefined
            ? neverEnded(missing, metas.length)
            : chordError(`Dependency ${failed.taskId} raised ${reprOf(failed)}`);
        await deps.end.failBody(body, { error, traceback: undefined }, parent);
      } else await deps.sender.sendDict(body, [parts.map(valueOf)], {}, parent);
    } catch (error) {
      ended.delete(groupId);
      throw error;
    }
    return null;
  };
}

const FAILED: ReadonlySet<string> = new Set([...READY_STATES].filter((state) => state !== 'SUCCESS'));
/** Chords that are remembered as ended: messages that come twice come soon after each other. */
const MOST_ENDED = 10_000;

function keep(ended: Set<string>, groupId: string): void {
  ended.add(groupId);
  const [oldest] = ended;
  if (ended.size > MOST_ENDED && oldest !== undefined) ended.delete(oldest);
}

interface Part {
  readonly id: string;
  readonly members: readonly Part[] | undefined;
}

/** `(group_id, callback, interval=None, max_retries=None, result=[tuple, …])`. */
function argumentsOf(context: TaskContext, { retryIntervalSeconds }: ChordUnlockDeps) {
  const { args, kwargs, name } = context;
  const [groupId, body] = args;
  const { result, interval, max_retries: maxRetries } = kwargs;
  if (typeof groupId !== 'string') throw new InvalidCallError(name, 'its group id must be text');
  if (!isSignatureDict(body)) throw new InvalidCallError(name, 'its callback is no signature');
  fromCanvasDict(body);
  if (!Array.isArray(result)) throw new InvalidCallError(name, 'its result must be a list of result tuples');
  const parts = result.map((tuple) => {
    const part = partOf(tuple, 0);
    if (part === undefined) throw new InvalidCallError(name, 'its result holds what is no result tuple');
    return part;
  });
  return {
    groupId,
    body,
    parts,
    intervalSeconds: typeof interval === 'number' && interval > 0 ? interval : retryIntervalSeconds,
    maxRetries: typeof maxRetries === 'number' ? maxRetries : null,
  };
}

const DEEPEST = 100;

function partOf(tuple: unknown, depth: number): Part | undefined {
  if (!Array.isArray(tuple) || !Array.isArray(tuple[0]) || depth > DEEPEST) return undefined;
  const [head, members]: readonly unknown[] = tuple;
  const [id]: readonly unknown[] = Array.isArray(head) ? head : [];
  if (typeof id !== 'string') return undefined;
  if (!Array.isArray(members)) return { id, members: undefined };
  const read = members.map((member) => partOf(member, depth + 1));
  return { id, members: read.filter((member) => member !== undefined) };
}

function leavesOf(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ id, members }) => (members === undefined ? [id] : leavesOf(members)));
}

async function metasOf(
  ids: readonly string[],
  backend: ResultBackend,
): Promise<ReadonlyMap<string, TaskMeta | undefined>> {
  const found = new Map<string, TaskMeta | undefined>(ids.map((id) => [id, undefined]));
  const window = new WorkWindow(LOOKS_AT_ONCE);
  for (const id of ids) await window.add(async () => found.set(id, await backend.get(id)));
  await window.settled();
  return found;
}
