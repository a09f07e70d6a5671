import type { Stored } from '../backend/result-backend.js';
import type { Settled } from '../broker/broker.js';
import { EncodeError } from '../errors.js';
import type { Sender } from '../producer/sender.js';
import { failpoint } from '../runtime/failpoint.js';
import { unreachable } from '../runtime/unreachable.js';
import { PoisonPill, WorkerShuttingDown } from '../task/task.signals.js';
import { acknowledgementOf } from './acknowledgement.js';
import type { Continuation } from './continuation.js';
import type { Errbacks } from './errbacks.js';
import type { LaterRequeues } from './later-requeues.js';
import { mayPass } from './may-pass.js';
import type { Outcome } from './outcome.js';
import type { Quarantine } from './quarantine.js';
import type { Request } from './request.js';
import { celeryError, failureOf, type Failure, type ResultRecorder } from './result.recorder.js';
import type { TaskObserver } from './task.observer.js';
import { retryText, type TaskLog } from './task.log.js';
import type { EndState, WorkflowEnd } from './workflow.end.js';

export interface SettlementDeps {
  readonly recorder: ResultRecorder;
  readonly continuation: Continuation;
  readonly sender: Sender;
  readonly end: WorkflowEnd;
  readonly errbacks: Errbacks;
  readonly later: LaterRequeues;
  readonly quarantine: Quarantine;
  readonly taskLog: TaskLog;
  /** Undefined: monitors are told nothing. */
  readonly observer: TaskObserver;
}

/**
 * Makes an outcome true: the only place with effects after a run. In Celery's order: send what follows, store the result,
 * count the chord, log, and acknowledge last, so that a crash on the way runs the task again instead of losing it.
 *
 * What cannot be done (broker or backend away beyond their deadlines) hands a late-acknowledged message back; for one that
 * was acknowledged before its run it is logged, since nothing else can be done any more.
 */
export class Settlement {
  constructor(private readonly deps: SettlementDeps) {}

  /** Never rejects. */
  async settle(request: Request, outcome: Outcome): Promise<void> {
    const { taskLog, observer, later } = this.deps;
    try {
      const recorded = this.#record(request, outcome);
      const settled = recorded instanceof Promise ? await recorded : recorded;
      taskLog.ended(request, settled);
      observer.ended(request, settled);
      await this.#release(request, settled);
    } catch (error) {
      const cause = error instanceof Unsettled ? error.cause : error;
      if (request.ackedEarly) return taskLog.trouble(request, 'could not be settled', cause);
      taskLog.trouble(request, 'could not be settled and goes back to its queue', cause);
      later.requeueAfter(request.delivery, PAUSE_MS);
    }
  }

  /** The outcome as it came to be: a success whose result cannot be sent on is a failure. */
  #record(request: Request, outcome: Outcome): Promise<Outcome> | Outcome {
    const after = async (effect: Promise<unknown>): Promise<Outcome> => {
      await effect;
      return outcome;
    };
    switch (outcome.kind) {
      case 'succeeded':
        return endsAlone(request) ? outcome : this.#succeeded(request, outcome);
      case 'failed':
        return this.#failed(request, outcome);
      case 'retrying':
        return this.#retrying(request, outcome);
      case 'rejected':
        if (outcome.requeue && !request.ackedEarly) return outcome;
        return after(this.#endedBadly(request, 'FAILURE', unrun('Reject', [outcome.reason, false])));
      case 'revoked':
        return after(this.#endedBadly(request, 'REVOKED', unrun('TaskRevokedError', [outcome.reason])));
      case 'workerLost':
        if (request.definition.config.rejectOnWorkerLost && !request.ackedEarly) return outcome;
        return after(this.#failed(request, { kind: 'failed', error: outcome.error, runtimeMs: 0 }));
      case 'interrupted':
        if (!request.ackedEarly) return outcome;
        // Nobody else has the message any more: whoever waits for the result must hear of it.
        return this.#failed(request, { kind: 'failed', error: new WorkerShuttingDown(), runtimeMs: 0 });
      case 'ignored':
        // Its state is its own affair; that it has ended concerns others.
        return after(this.#endOthers(request, 'FAILURE', unrun('Ignore', []), undefined));
      case 'replaced':
        return this.#replaced(request, outcome);
      case 'abandoned':
        return outcome;
      default:
        return unreachable(outcome);
    }
  }

  async #succeeded(request: Request, outcome: Succeeded): Promise<Outcome> {
    const { continuation, recorder } = this.deps;
    const failed = (error: unknown): Promise<Outcome> =>
      this.#failed(request, { kind: 'failed', error, runtimeMs: outcome.runtimeMs });
    try {
      const following = continuation.afterSuccess(request, outcome.value);
      if (following !== undefined) await following;
    } catch (error) {
      if (!request.ackedEarly && mayPass(error)) throw new Unsettled(error);
      return failed(error);
    }
    let stored: Stored | undefined;
    if (!request.ignoresResult) {
      try {
        stored = await this.#stored(request, recorder.succeeded(request, outcome.value));
      } catch (error) {
        if (error instanceof EncodeError) return failed(error);
        throw error;
      }
    }
    if (isPart(request)) await this.#countPart(request, { state: 'SUCCESS', result: outcome.value }, stored);
    return outcome;
  }

  async #failed(request: Request, outcome: Failed): Promise<Outcome> {
    const failure = failureOf(outcome.error);
    await this.#endedBadly(request, 'FAILURE', failure);
    const { errbacks } = request.message.embed;
    const calls = this.deps.errbacks.call(
      { request: request.asFailed, errbacks, asParent: request.asParent },
      failure,
    );
    await this.#attempt(request, 'could not call its error callbacks', calls);
    return outcome;
  }

  async #retrying(request: Request, outcome: Retrying): Promise<Outcome> {
    const { sender, recorder, taskLog } = this.deps;
    const { message, delivery } = request;
    try {
      await sender.resend({
        message,
        wire: delivery.message,
        exchange: delivery.exchange,
        routingKey: delivery.routingKey,
        queue: delivery.queue,
        request: outcome.request,
        etaMs: outcome.etaMs,
      });
    } catch (error) {
      if (!request.ackedEarly && mayPass(error)) throw new Unsettled(error);
      return this.#failed(request, { kind: 'failed', error, runtimeMs: 0 });
    }
    await failpoint('retryPublished');
    if (request.storesErrors) {
      // The next attempt is on its way: from here on the message must be acknowledged, whatever else fails.
      const stored = recorder.retrying(request, retryText(outcome), outcome.error);
      await stored.catch((error: unknown) =>
        taskLog.trouble(request, 'could not store its RETRY state', error),
      );
    }
    return outcome;
  }

  async #replaced(request: Request, outcome: Replaced): Promise<Outcome> {
    try {
      await this.deps.sender.replace(outcome.canvas, request.message);
    } catch (error) {
      if (!request.ackedEarly && mayPass(error)) throw new Unsettled(error);
      return this.#failed(request, { kind: 'failed', error, runtimeMs: 0 });
    }
    return outcome;
  }

  /** Stored where errors are kept, and told to whoever waits for its success. */
  async #endedBadly(request: Request, state: EndState, failure: Failure): Promise<void> {
    const { recorder } = this.deps;
    const storing = (): Promise<Stored | undefined> =>
      state === 'REVOKED' ? recorder.revoked(request, failure.error) : recorder.failed(request, failure);
    const stored = request.storesErrors ? await this.#stored(request, storing()) : undefined;
    await this.#endOthers(request, state, failure, stored);
  }

  /** What waits for a task that did not succeed: its chord, and the steps that would have come after it. */
  async #endOthers(
    request: Request,
    state: EndState,
    failure: Failure,
    stored: Stored | undefined,
  ): Promise<void> {
    const { end } = this.deps;
    if (isPart(request)) await this.#countPart(request, { state, result: failure.error }, stored);
    const { message, storesErrors, delivery } = request;
    const rest = end.restNeverRuns(message, state, failure, storesErrors, delivery.queue);
    await this.#attempt(request, 'could not end the rest of its chain', rest);
  }

  /** A part that has succeeded in another run before counts as that run stored it, so that body and results agree. */
  async #countPart(request: Request, own: PartEnd, stored: Stored | undefined): Promise<void> {
    const { end, recorder } = this.deps;
    const count = async (): Promise<void> => {
      const standing = stored === 'kept' ? await recorder.standing(request) : undefined;
      const part: PartEnd = standing === undefined ? own : { state: 'SUCCESS', result: standing.result };
      await end.partEnded(request.message, part.state, part.result, request.delivery.queue);
    };
    await this.#attempt(request, 'could not be counted in its chord', count());
  }

  /**
   * @returns undefined where nothing is kept
   * @throws Unsettled, or the EncodeError of a value that can never be stored
   */
  async #stored(request: Request, storing: Promise<Stored | undefined>): Promise<Stored | undefined> {
    let stored: Stored | undefined;
    try {
      stored = await storing;
    } catch (error) {
      if (error instanceof EncodeError) throw error;
      if (!request.ackedEarly) throw new Unsettled(error);
      this.deps.taskLog.trouble(request, 'could not store its result', error);
    }
    const struck = failpoint('resultStored');
    if (struck !== undefined) await struck;
    return stored;
  }

  /** Something that may be had by running the task again, where that is possible. */
  async #attempt(request: Request, failing: string, effect: Promise<unknown>): Promise<void> {
    try {
      await effect;
    } catch (error) {
      if (!request.ackedEarly && mayPass(error)) throw new Unsettled(error);
      this.deps.taskLog.trouble(request, failing, error);
    }
  }

  #release(request: Request, outcome: Outcome): void | Promise<void> {
    if (request.ackedEarly) return;
    const { delivery, definition } = request;
    const acknowledgement = acknowledgementOf(outcome, definition.config);
    switch (acknowledgement) {
      case 'ack':
        return delivery.ack().then((settled) => {
          this.#checkLost(request, settled);
          return failpoint('ackedLate');
        });
      case 'reject':
        return delivery.reject().then((settled) => this.#checkLost(request, settled));
      case 'requeue':
        // The first time at once; one that comes round and round has to wait.
        this.deps.later.requeueAfter(
          delivery,
          delivery.redelivered && outcome.kind !== 'interrupted' ? PAUSE_MS : 0,
        );
        return failpoint('requeued');
      case 'quarantine':
        return this.deps.quarantine.put(delivery, reasonOf(outcome));
      case 'nothing':
        return;
      default:
        return unreachable(acknowledgement);
    }
  }

  #checkLost(request: Request, settled: Settled): void {
    if (settled === 'lost')
      this.deps.taskLog.warning(
        request,
        'has ended, but its message was lost meanwhile: it may run a second time',
      );
  }
}

/** For whoever looks into the quarantine. */
function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'failed' && outcome.error instanceof PoisonPill ? outcome.error.how : outcome.kind;
}

/** Nobody waits for its success, as nobody does after most tasks: no callback, no next step, no chord, no reader. */
function endsAlone({ message: { embed }, ignoresResult }: Request): boolean {
  const { callbacks, chain, chord } = embed;
  return ignoresResult && callbacks.length === 0 && chain.length === 0 && chord === undefined;
}

function isPart({ message }: Request): boolean {
  return message.embed.chord !== undefined;
}

/** Ended by something else than a throw: there is no traceback. */
function unrun(type: string, args: readonly unknown[]): Failure {
  return { error: celeryError(type, args), traceback: undefined };
}

/** How a part of a chord is counted. */
interface PartEnd {
  readonly state: EndState;
  readonly result: unknown;
}

type Succeeded = Extract<Outcome, { kind: 'succeeded' }>;
type Failed = Extract<Outcome, { kind: 'failed' }>;
type Replaced = Extract<Outcome, { kind: 'replaced' }>;
type Retrying = Extract<Outcome, { kind: 'retrying' }>;

/** Before a message that could not be settled, or is rejected again and again, goes back. */
const PAUSE_MS = 1_000;

/** An effect failed that another run of the task may have: the message goes back. */
class Unsettled extends Error {
  constructor(cause: unknown) {
    super('unsettled', { cause });
  }
}
