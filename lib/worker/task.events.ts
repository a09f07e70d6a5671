import type { EventDispatcher } from '../events/event.dispatcher.js';
import { NotRegistered } from '../errors.js';
import { formatCeleryDate } from '../message/celery-date.js';
import { writeJson } from '../message/json.writer.js';
import { tracebackOf } from '../message/remote-error.js';
import { saferepr } from '../message/saferepr.js';
import type { TaskMessage } from '../message/task-message.js';
import { unreachable } from '../runtime/unreachable.js';
import type { Outcome } from './outcome.js';
import type { Request } from './request.js';
import { errorText } from './task.log.js';

/** What monitors are told about the tasks of a worker, in Celery's words. Costs next to nothing while nobody wants it. */
export class TaskEvents {
  /** @param withArguments tell the arguments as JSON too, so that a monitor can send the task again */
  constructor(
    private readonly events: EventDispatcher,
    private readonly withArguments: boolean,
  ) {}

  received(request: Request): void {
    if (!this.#wanted(request)) return;
    const { message, delivery } = request;
    const { chord } = message.embed;
    const chordId = chord?.options['task_id'];
    const argsjson = this.withArguments ? jsonOf(message) : undefined;
    this.events.tellOfTask('task-received', {
      uuid: message.id,
      name: message.task,
      args: message.argsrepr,
      kwargs: message.kwargsrepr,
      root_id: message.rootId,
      parent_id: message.parentId ?? null,
      retries: message.retries,
      eta: dateOrNull(message.etaMs),
      expires: dateOrNull(message.expiresMs),
      queue: delivery.queue,
      group_id: message.groupId,
      chord_id: typeof chordId === 'string' ? chordId : undefined,
      argsjson,
    });
  }

  started(request: Request): void {
    if (this.#wanted(request)) this.events.tellOfTask('task-started', { uuid: request.id });
  }

  ended(request: Request, outcome: Outcome): void {
    if (!this.#wanted(request)) return;
    const { events } = this;
    const uuid = request.id;
    switch (outcome.kind) {
      case 'succeeded': {
        const result = saferepr(outcome.value);
        return events.tellOfTask('task-succeeded', { uuid, result, runtime: outcome.runtimeMs / 1000 });
      }
      case 'failed':
        return events.tellOfTask('task-failed', { uuid, ...thrown(outcome.error) });
      case 'workerLost':
        if (request.definition.config.rejectOnWorkerLost && !request.ackedEarly)
          return events.tellOfTask('task-rejected', { uuid, requeue: true });
        return events.tellOfTask('task-failed', { uuid, ...thrown(outcome.error) });
      case 'retrying':
        return events.tellOfTask('task-retried', { uuid, ...thrown(outcome.error) });
      case 'rejected':
        return events.tellOfTask('task-rejected', {
          uuid,
          requeue: outcome.requeue && !request.ackedEarly,
        });
      case 'revoked': {
        const terminated = outcome.reason === 'terminated';
        const expired = outcome.reason === 'expired';
        return events.tellOfTask('task-revoked', {
          uuid,
          terminated,
          signum: terminated ? 15 : null,
          expired,
        });
      }
      case 'interrupted':
        return events.tellOfTask('task-cancelled', { uuid });
      case 'ignored':
      case 'replaced':
      case 'abandoned':
        return;
      default:
        return unreachable(outcome);
    }
  }

  /** A task that this worker does not have. */
  unknown({ id, task }: TaskMessage): void {
    if (this.events.tasks)
      this.events.tellOfTask('task-failed', {
        uuid: id,
        ...thrown(new NotRegistered(task)),
        traceback: null,
      });
  }

  #wanted({ definition }: Request): boolean {
    return this.events.tasks && definition.config.sendEvents;
  }
}

function thrown(error: unknown): { readonly exception: string; readonly traceback: string | null } {
  if (error === undefined) return { exception: 'Retry()', traceback: null };
  return {
    exception: errorText(error).slice(0, LONGEST),
    traceback: tracebackOf(error).slice(0, LONGEST) || null,
  };
}

/** Undefined for arguments that are too long, or have no form in JSON. */
function jsonOf({ args, kwargs }: TaskMessage): string | undefined {
  try {
    const json = writeJson([args, kwargs]);
    return json.length > LONGEST ? undefined : json;
  } catch {
    return undefined;
  }
}

function dateOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : formatCeleryDate(epochMs);
}

/** Characters of a text in an event: it is told to every monitor. */
const LONGEST = 16 * 1024;
