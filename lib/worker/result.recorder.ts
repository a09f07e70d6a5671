import { EXCEPTION_STATES, READY_STATES } from '../backend/result-backend.js';
import type { ReplyAddress, ResultBackend, Stored, TaskMeta, TaskState } from '../backend/result-backend.js';
import type { NeverRun } from '../canvas/never-run.js';
import { formatCeleryDate } from '../message/celery-date.js';
import { toRemoteError, tracebackOf, type RemoteError } from '../message/remote-error.js';
import type { TaskMessage } from '../message/task-message.js';
import type { Clock } from '../runtime/clock.js';
import { TimeLimitExceeded } from '../task/task.signals.js';
import type { Request } from './request.js';

export interface RecorderDeps {
  /** Undefined: results are kept nowhere. */
  readonly backend: ResultBackend | undefined;
  readonly clock: Clock;
  readonly config: { readonly hostname: string; readonly resultExtended: boolean };
}

/**
 * Writes what is known of a task to the result backend, in Celery's words. Each call resolves once it is stored, to undefined
 * where nothing is kept.
 */
export class ResultRecorder {
  constructor(private readonly deps: RecorderDeps) {}

  started(request: Request): Promise<unknown> {
    const { hostname } = this.deps.config;
    return this.#store(request, 'STARTED', { pid: process.pid, hostname }, undefined);
  }

  /** @throws EncodeError when the value cannot be written */
  succeeded(request: Request, value: unknown): Promise<Stored | undefined> {
    return this.#store(request, 'SUCCESS', value, undefined);
  }

  failed(request: Request, failure: Failure): Promise<Stored | undefined> {
    return this.#store(request, 'FAILURE', failure.error, failure.traceback);
  }

  async retrying(request: Request, retry: string, cause: unknown): Promise<void> {
    const error = cause === undefined ? celeryError('Retry', [retry]) : toRemoteError(cause);
    const traceback = cause === undefined ? undefined : `${tracebackOf(cause)}\n${retry}`;
    await this.#store(request, 'RETRY', error, traceback);
  }

  revoked(request: Request, error: RemoteError): Promise<Stored | undefined> {
    return this.#store(request, 'REVOKED', error, undefined);
  }

  /** What is stored of it, by whichever of its runs. */
  async standing({ id }: Request): Promise<TaskMeta | undefined> {
    return this.deps.backend?.get(id);
  }

  /**
   * A state of the task's own.
   * @throws TypeError for an exception state whose data is no error: readers could not make one of it
   */
  async custom(request: Request, state: string, meta: unknown): Promise<void> {
    if (typeof state !== 'string' || state === '') {
      throw new TypeError(`updateState() needs the name of a state, got ${typeof state}`);
    }
    if (!EXCEPTION_STATES.has(state)) {
      await this.#store(request, state, meta ?? null, undefined);
      return;
    }
    if (!(meta instanceof Error)) {
      throw new TypeError(
        `updateState(${JSON.stringify(state)}) needs an Error as its data: readers expect one`,
      );
    }
    await this.#store(request, state, toRemoteError(meta), tracebackOf(meta));
  }

  /** A task that was promised and will never run, because of how another one ended. */
  async neverRan({ taskId, groupId, replyTo }: NeverRun, state: TaskState, failure: Failure): Promise<void> {
    await this.#write(
      {
        taskId,
        status: state,
        result: failure.error,
        traceback: failure.traceback,
        children: undefined,
        dateDone: this.#now(),
        groupId,
        parentId: undefined,
        extended: undefined,
      },
      { replyTo, correlationId: taskId },
    );
  }

  /** A task that cannot be run here, whatever its worker does. */
  async unrunnable(message: TaskMessage, error: RemoteError): Promise<void> {
    await this.#write(
      {
        taskId: message.id,
        status: 'FAILURE',
        result: error,
        traceback: undefined,
        children: undefined,
        dateDone: this.#now(),
        groupId: message.groupId,
        parentId: message.parentId,
        extended: undefined,
      },
      { replyTo: message.replyTo, correlationId: message.correlationId },
    );
  }

  #store(
    request: Request,
    status: TaskState,
    result: unknown,
    traceback: string | undefined,
  ): Promise<Stored | undefined> {
    const { backend } = this.deps;
    if (backend === undefined) return Promise.resolve(undefined);
    const { message, children, replyAddress } = request;
    const meta: TaskMeta = {
      taskId: message.id,
      status,
      result,
      traceback,
      children: [...children],
      dateDone: READY_STATES.has(status) ? this.#now() : undefined,
      groupId: message.groupId,
      parentId: message.parentId,
      extended: this.deps.config.resultExtended ? this.#extended(request) : undefined,
    };
    return backend.store(Object.freeze(meta), replyAddress);
  }

  async #write(meta: TaskMeta, address: ReplyAddress): Promise<void> {
    await this.deps.backend?.store(Object.freeze(meta), address);
  }

  #extended({ message, delivery }: Request): TaskMeta['extended'] {
    const { task, args, kwargs, retries, stamps } = message;
    const worker = this.deps.config.hostname;
    return { name: task, args, kwargs, worker, retries, queue: delivery.queue, stamps };
  }

  #now(): string {
    return formatCeleryDate(this.deps.clock.now());
  }
}

/** An error in the form it is stored in. */
export interface Failure {
  readonly error: RemoteError;
  readonly traceback: string | undefined;
}

export function failureOf(error: unknown): Failure {
  // The stack of a hard limit is that of a timer.
  const traceback = error instanceof TimeLimitExceeded ? undefined : tracebackOf(error) || undefined;
  return { error: toRemoteError(error), traceback };
}

/** One of Celery's own exceptions. */
export function celeryError(type: string, args: readonly unknown[]): RemoteError {
  return { exc_type: type, exc_message: args, exc_module: 'celery.exceptions' };
}
