import type { Delivery } from '../broker/broker.js';
import { NotRegistered } from '../errors.js';
import { tracebackOf, type RemoteError } from '../message/remote-error.js';
import type { TaskMessage } from '../message/task-message.js';
import type { Clock } from '../runtime/clock.js';
import { failpoint } from '../runtime/failpoint.js';
import type { Log } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import type { Errbacks } from './errbacks.js';
import type { LaterRequeues } from './later-requeues.js';
import { mayPass } from './may-pass.js';
import { printable } from './printable.js';
import { QUARANTINE_SUFFIX, type Quarantine } from './quarantine.js';
import { labelOf } from './request.js';
import { celeryError, type ResultRecorder } from './result.recorder.js';
import type { TaskObserver } from './task.observer.js';
import { errorText } from './task.log.js';
import type { WorkflowEnd } from './workflow.end.js';
import type { Unrunnable, WorkerConfig } from './worker.options.js';

export interface UnrunnableDeps {
  readonly config: Pick<WorkerConfig, 'onUnknownTask' | 'onMalformed'>;
  readonly tasks: { nearest(name: string): string | undefined };
  readonly quarantine: Quarantine;
  readonly recorder: ResultRecorder;
  readonly end: WorkflowEnd;
  readonly errbacks: Errbacks;
  readonly later: LaterRequeues;
  readonly observer: TaskObserver;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is done with messages that no handler can be given. Neither call rejects, and neither loses the message. */
export class UnrunnableMessages {
  constructor(private readonly deps: UnrunnableDeps) {}

  /**
   * No task message, or one that must not be run.
   * @param message what could be read of it: whoever waits for the task is told
   */
  async malformed(delivery: Delivery, reason: string, message?: TaskMessage): Promise<void> {
    const { onMalformed } = this.deps.config;
    if (message !== undefined && onMalformed.kind !== 'requeue')
      if (!(await this.#told(message, celeryError('Reject', [reason, false]), delivery.queue)))
        return this.deps.later.requeueAfter(delivery, PAUSE_MS);
    return this.#away(
      delivery,
      onMalformed,
      reason,
      `Message on queue ${quoted(delivery.queue)}: ${reason}.`,
    );
  }

  /** A task this worker does not have. Whoever waits for its result is told, unless another worker may have it. */
  async unknownTask(delivery: Delivery, message: TaskMessage): Promise<void> {
    const { config, tasks } = this.deps;
    const { message: reason } = new NotRegistered(message.task, tasks.nearest(message.task));
    this.deps.observer.unknown(message);
    if (config.onUnknownTask.kind !== 'requeue')
      if (!(await this.#told(message, celeryError('NotRegistered', [message.task]), delivery.queue)))
        return this.deps.later.requeueAfter(delivery, PAUSE_MS);
    const said = `Received unregistered task ${labelOf(message)} on queue ${quoted(delivery.queue)}. ${reason}`;
    await this.#away(delivery, config.onUnknownTask, reason, said);
  }

  /** Whoever waits for the task, or for what would have followed it, is told. False: not now, but perhaps later. */
  async #told(message: TaskMessage, error: RemoteError, queue: string): Promise<boolean> {
    const { recorder, end, errbacks, log } = this.deps;
    const { id, task, args, kwargs, retries, rootId, parentId, groupId, priority, embed } = message;
    const failure = { error, traceback: undefined };
    const request = { id, task, args, kwargs, retries, rootId, parentId, groupId };
    const asParent = { id, rootId, priority };
    const steps = [
      () => recorder.unrunnable(message, error),
      () => end.partEnded(message, 'FAILURE', error, queue),
      () => end.restNeverRuns(message, 'FAILURE', failure, true, queue),
      () => errbacks.call({ request, errbacks: embed.errbacks, asParent }, failure),
    ];
    let told = true;
    // Each by itself: what is wrong with one of those who wait is no reason to leave the others waiting.
    for (const step of steps) {
      try {
        await step();
      } catch (thrown) {
        log.error(`Task ${labelOf(message)} could not tell of its failure: ${printable(errorText(thrown))}`);
        told &&= !mayPass(thrown);
      }
    }
    return told;
  }

  async #away(delivery: Delivery, policy: Unrunnable, reason: string, said: string): Promise<void> {
    const { log, quarantine, later } = this.deps;
    const line = printable(said);
    try {
      switch (policy.kind) {
        case 'quarantine':
          await quarantine.put(delivery, reason);
          return log.error(`${line} Moved to ${quoted(delivery.queue + QUARANTINE_SUFFIX)}.`);
        case 'discard':
          await delivery.reject();
          return log.error(`${line} Discarded.`);
        case 'requeue':
          await delivery.defer(this.deps.clock.now() + policy.afterMs);
          await failpoint('requeued');
          return log.warn(`${line} Put back for ${policy.afterMs / 1000}s.`);
        default:
          return unreachable(policy);
      }
    } catch (error) {
      const why = `could not be put away (${printable(errorText(error))}) and goes back to its queue`;
      log.error(`${line} It ${why} in ${PAUSE_MS / 1000}s.`, tracebackOf(error));
      later.requeueAfter(delivery, PAUSE_MS);
    }
  }
}

/** Before a message that could not be put away is looked at again. */
const PAUSE_MS = 5_000;

function quoted(queue: string): string {
  return JSON.stringify(printable(queue, 255));
}
