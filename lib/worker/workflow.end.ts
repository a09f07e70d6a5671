import type { ChordClaim, ChordPart, EndedPart } from '../backend/chord-store.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { endIdOf, errbacksOf, neverRun, type NeverRun } from '../canvas/never-run.js';
import type { RemoteError } from '../message/remote-error.js';
import { saferepr } from '../message/saferepr.js';
import type { SignatureDict } from '../message/signature.js';
import type { TaskMessage } from '../message/task-message.js';
import type { Sender, SendingTask } from '../producer/sender.js';
import type { Clock } from '../runtime/clock.js';
import { failpoint } from '../runtime/failpoint.js';
import { WorkWindow } from '../runtime/work-window.js';
import { chordHome } from './chord-home.js';
import { keepClaim } from './chord-lease.js';
import { joinedResults } from './chord-results.js';
import type { Errbacks } from './errbacks.js';
import { mayPass } from './may-pass.js';
import { celeryError, type Failure, type ResultRecorder } from './result.recorder.js';
import { errorText } from './task.log.js';

export interface WorkflowEndDeps {
  readonly backend: ResultBackend | undefined;
  readonly sender: Sender;
  readonly recorder: ResultRecorder;
  readonly errbacks: Errbacks;
  /** Of the broker that it consumes, without credentials. */
  readonly brokerUrl: string;
  readonly clock: Clock;
}

/** How a task ended, for those who wait for it. */
export type EndState = 'SUCCESS' | 'FAILURE' | 'REVOKED';

/**
 * Brings what waits for an ended task to its own end: chords get their part, and all that can no longer run is told why.
 * Whatever is done here may be done again, by a redelivered task: parts count once, and stored results stand.
 */
export class WorkflowEnd {
  constructor(private readonly deps: WorkflowEndDeps) {}

  /**
   * Counts a task in the chord it is part of, and sends the chord's body when it was the last.
   * @param queue that its message came from
   * @returns undefined where it is part of none, as most tasks are
   */
  partEnded(
    message: TaskMessage,
    state: EndState,
    result: unknown,
    queue: string,
  ): Promise<void> | undefined {
    const { id: taskId, groupId, groupIndex, rootId, embed, priority } = message;
    if (embed.chord === undefined || groupId === undefined) return undefined;
    const home = chordHome(this.deps.brokerUrl, queue);
    const part = { taskId, groupId, groupIndex, rootId, body: embed.chord, state, result, home };
    return this.#count(part, priority);
  }

  /**
   * The rest of a chain after a task that did not succeed: every task of it ends as that one did.
   * @param queue that its message came from
   */
  async restNeverRuns(
    message: TaskMessage,
    state: EndState,
    failure: Failure,
    stores: boolean,
    queue: string,
  ): Promise<void> {
    const { embed, rootId, priority } = message;
    const home = chordHome(this.deps.brokerUrl, queue);
    for (const step of embed.chain)
      await this.#endAll(neverRun(step), { state, failure, stores, rootId, priority, home });
  }

  /**
   * Ends a chord whose parts have all come, or will not come any more. A body that can never be sent fails, as a chord does.
   * Rejects with the chord released, unless it has been ended and only could not be closed: then somebody takes it over
   * when the claim has run out.
   * @param by the part that ended last: Celery makes the body its child
   */
  async finish(claim: ChordClaim, by: SendingTask = lastOf(claim)): Promise<void> {
    const { backend } = this.deps;
    const chords = backend?.chords;
    if (backend === undefined || chords === undefined) return;
    let saved: boolean;
    const letGoOf = keepClaim(claim, chords, this.deps.clock);
    try {
      saved = await this.#end(claim, backend, by).finally(letGoOf);
    } catch (error) {
      // One that nobody can end is not looked at for ever.
      const letGo = mayPass(error) ? chords.release(claim) : this.#close(claim, true);
      await letGo.catch(() => undefined);
      throw error;
    }
    await failpoint('chordEnded');
    await this.#close(claim, saved);
  }

  /** Resolves to whether the shape of its header may be saved. */
  async #end(claim: ChordClaim, backend: ResultBackend, by: SendingTask): Promise<boolean> {
    const failure = failureIn(claim);
    if (failure === undefined) {
      try {
        return await this.#sendBody(claim, backend, by);
      } catch (error) {
        if (mayPass(error)) throw error;
        const never = chordError(`Callback error: ${errorText(error)}`);
        await this.failBody(claim.body, { error: never, traceback: undefined }, by);
        return true;
      }
    }
    await this.failBody(claim.body, { error: failure, traceback: undefined }, by);
    return true;
  }

  /** Ends a chord that somebody else began to end, perhaps to its end: a body whose outcome is known is left alone. */
  async takeOver(claim: ChordClaim): Promise<void> {
    const { backend } = this.deps;
    const bodyId = endIdOf(claim.body);
    const known = bodyId === undefined ? undefined : await backend?.get(bodyId);
    if (known === undefined) return this.finish(claim);
    const error = failureIn(claim);
    // Its error callbacks have been called, but not all that waits for it may have been told.
    if (error !== undefined)
      await this.#bodyNeverRuns(claim.body, { error, traceback: undefined }, lastOf(claim));
    await this.#close(claim, true);
  }

  async #close(claim: ChordClaim, saved: boolean): Promise<void> {
    const { backend } = this.deps;
    await backend?.chords?.close(claim);
    if (saved) await backend?.deleteGroup(claim.groupId);
  }

  /** The body will not run: its error callbacks hear of it, then its tasks fail with the chord's error, in Celery's order. */
  async failBody(body: SignatureDict, failure: Failure, parent: SendingTask): Promise<void> {
    try {
      await this.#callErrbacks(body, failure, parent);
    } finally {
      await this.#bodyNeverRuns(body, failure, parent);
    }
  }

  #bodyNeverRuns(body: SignatureDict, failure: Failure, { rootId, priority }: SendingTask): Promise<void> {
    const end = { state: 'FAILURE', failure, stores: true, rootId, priority, home: undefined } as const;
    return this.#endAll(neverRun(body), end);
  }

  async #callErrbacks(body: SignatureDict, failure: Failure, parent: SendingTask): Promise<void> {
    const { rootId, priority } = parent;
    const errbacks = errbacksOf(body);
    if (errbacks.length === 0) return;
    const id = endIdOf(body) ?? parent.id;
    const request = {
      id,
      task: body.task,
      args: [],
      kwargs: {},
      retries: 0,
      rootId,
      parentId: parent.id,
      groupId: undefined,
    };
    await this.deps.errbacks.call({ request, errbacks, asParent: { id, rootId, priority } }, failure);
  }

  async #sendBody(claim: ChordClaim, backend: ResultBackend, by: SendingTask): Promise<boolean> {
    const { results, saved } = await joinedResults(claim, backend);
    await failpoint('chordJoined');
    await this.deps.sender.sendDict(claim.body, [results], {}, by);
    return saved;
  }

  async #count(part: ChordPart, priority: number): Promise<void> {
    const counted = await this.deps.backend?.chords?.count(part);
    await failpoint('chordCounted');
    if (counted?.kind !== 'complete') return;
    await this.finish(counted.claim, { id: part.taskId, rootId: part.rootId, priority });
  }

  async #endAll(tasks: readonly NeverRun[], end: CommonEnd): Promise<void> {
    const { state, failure, stores, rootId, priority, home } = end;
    const window = new WorkWindow(STORES_AT_ONCE);
    if (stores)
      for (const task of tasks) await window.add(() => this.deps.recorder.neverRan(task, state, failure));
    await window.settled();
    for (const { taskId, part } of tasks) {
      if (part !== undefined)
        await this.#count({ ...part, taskId, rootId, state, result: failure.error, home }, priority);
    }
  }
}

interface CommonEnd {
  readonly state: EndState;
  readonly failure: Failure;
  /** False: the task that failed keeps no results. */
  readonly stores: boolean;
  readonly rootId: string;
  readonly priority: number;
  readonly home: string | undefined;
}

const STORES_AT_ONCE = 100;

/** Celery's `ChordError`, of the first part that did not succeed; undefined when all did. */
function failureIn({ parts, missing }: ChordClaim): RemoteError | undefined {
  const failed = parts.find(({ state }) => state !== 'SUCCESS');
  if (failed !== undefined) return chordError(`Dependency ${failed.taskId} raised ${reprOf(failed)}`);
  if (missing === 0) return undefined;
  return neverEnded(missing, parts.length + missing);
}

export function neverEnded(missing: number, of: number): RemoteError {
  return chordError(`${missing} of ${of} tasks never ended: their messages or workers were lost`);
}

export function chordError(text: string): RemoteError {
  return celeryError('ChordError', [text]);
}

/** As Python prints an exception: `ValueError('boom', 1)`. */
export function reprOf({ result }: Pick<EndedPart, 'result'>): string {
  if (typeof result !== 'object' || result === null) return saferepr(result);
  const { exc_type: type, exc_message: args } = result as Partial<RemoteError>;
  if (typeof type !== 'string' || !Array.isArray(args)) return saferepr(result);
  return `${type}(${args.map((arg) => saferepr(arg)).join(', ')})`;
}

function lastOf({ parts, groupId, rootId }: ChordClaim): SendingTask {
  return { id: parts.at(-1)?.taskId ?? groupId, rootId, priority: 0 };
}
