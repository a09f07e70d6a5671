import type { ResultBackend } from '../backend/result-backend.js';
import type { AnySignature } from '../canvas/call.options.js';
import type { AnyCanvas, AnyGroup, Members } from '../canvas/canvas.js';
import { freeze, memberFreezer, type Freezing } from '../canvas/frozen.js';
import { counter, joined } from '../canvas/membership.js';
import { plan, type PlannedChord, type PlanStep } from '../canvas/plan.js';
import { resultOf, type PlannedResult, type Workflow } from '../canvas/workflow.js';
import { InvalidCanvasError, UnsupportedError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import { WorkWindow } from '../runtime/work-window.js';
import { chordUnlockCall, resultTuple } from './chord-unlock.js';

export interface LaunchDeps {
  readonly freezing: Freezing;
  readonly backend: ResultBackend | undefined;
  /** ms until parts of a chord that have not come are taken for lost. */
  readonly lostAfterMs: number;
  /** Publishes one call. */
  readonly publish: (call: AnySignature) => Promise<unknown>;
}

/** Publishes on their way at a time. */
const WINDOW = 500;

/**
 * Sends a canvas: what it begins with, many publishes at a time. A group whose members come one by one is sent as they
 * come, so that only its ids are held.
 * @throws InvalidCanvasError when it comes to nothing; whatever publishing throws, once nothing is on its way any more
 */
export async function launch(canvas: AnyCanvas, deps: LaunchDeps): Promise<PlannedResult> {
  if (canvas.kind === 'group' && !Array.isArray(canvas.members)) return launchAsTheyCome(canvas, deps);
  const known = canvas.kind === 'chord' ? { ...canvas, header: await collected(canvas.header) } : canvas;
  const workflow = freeze(known, deps.freezing);
  if (workflow === undefined)
    throw new InvalidCanvasError(canvas.kind, 'it is empty: there is nothing to send. Give it a task.');
  await perform(plan(workflow), deps);
  return resultOf(workflow);
}

/** Sends a frozen workflow. @param chain Celery's reversed rest of the chain that it stands in */
export function launchFrozen(
  workflow: Workflow,
  chain: readonly SignatureDict[],
  deps: LaunchDeps,
): Promise<void> {
  return perform(plan(workflow, chain), deps);
}

async function perform(steps: Iterable<PlanStep> | AsyncIterable<PlanStep>, deps: LaunchDeps): Promise<void> {
  const window = new WorkWindow(WINDOW);
  const unlocks: AnySignature[] = [];
  try {
    for await (const step of steps) {
      if (step.kind === 'openChord') await openChord(step.chord, deps, unlocks);
      else await window.add(() => deps.publish(step.call));
    }
  } finally {
    await window.settled();
  }
  for (const unlock of unlocks) await deps.publish(unlock);
}

/** Its count must stand before its first part can end. */
async function openChord(chord: PlannedChord, deps: LaunchDeps, unlocks: AnySignature[]): Promise<void> {
  const { backend, lostAfterMs } = deps;
  if (backend?.supports.shared !== true) {
    throw new UnsupportedError(
      'A chord',
      backend === undefined
        ? 'it needs a result backend, and there is none. Set backend to redis://.'
        : `its parts cannot be counted in ${backend.kind} results, which only their sender can read. Set backend to redis://.`,
    );
  }
  const { groupId, size, body, header } = chord;
  // A part that is a group: the body's list is put together from the results.
  if (header.some((part) => part.members !== undefined)) {
    await backend.saveGroup(groupId, resultTuple({ id: groupId, parent: undefined, members: header }));
  }
  if (backend.chords === undefined) return void unlocks.push(chordUnlockCall(chord, lostAfterMs));
  const { root_id: root } = body.options;
  const rootId = typeof root === 'string' ? root : groupId;
  await backend.chords.open({ groupId, size, end: { body, rootId }, lostAfterMs });
}

async function launchAsTheyCome(group: AnyGroup, deps: LaunchDeps): Promise<PlannedResult> {
  const { taskId, ...options } = group.options;
  const id = taskId ?? deps.freezing.newId();
  const frozen = memberFreezer(options, deps.freezing);
  const next = counter();
  const members: PlannedResult[] = [];
  const steps = async function* (): AsyncGenerator<PlanStep> {
    for await (const member of group.members) {
      for (const workflow of frozen(member)) {
        const part = joined(workflow, { groupId: id, chord: undefined }, next);
        members.push(resultOf(part));
        yield* plan(part);
      }
    }
  };
  await perform(steps(), deps);
  return { id, parent: undefined, members };
}

/** A chord must know how many parts it has before any of them is sent. */
async function collected(members: Members): Promise<readonly AnyCanvas[]> {
  const list: AnyCanvas[] = [];
  for await (const member of members) list.push(member);
  return list;
}
