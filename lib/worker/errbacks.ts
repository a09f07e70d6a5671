import { randomUUID } from 'node:crypto';
import type { PlannedResult } from '../canvas/workflow.js';
import type { RemoteError } from '../message/remote-error.js';
import type { SignatureDict } from '../message/signature.js';
import type { Sender, SendingTask } from '../producer/sender.js';
import type { TaskDefinition } from '../task/task.definition.js';
import type { FailedRequest } from './failed-request.js';
import type { Failure } from './result.recorder.js';

export interface FailedTask {
  readonly request: FailedRequest;
  readonly errbacks: readonly SignatureDict[];
  readonly asParent: SendingTask;
}

export interface ErrbackDeps {
  readonly sender: Sender;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  /** Runs a handler here and now; what it throws is logged. */
  readonly runHere: (definition: TaskDefinition, call: CallHere) => Promise<void>;
}

export interface CallHere {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly parent: SendingTask;
}

/**
 * Calls `link_error` callbacks in Celery's two styles. A task of this worker declared with `errback: 'request'` is run at
 * once with the request, the error and the traceback; all others are sent as one group, each with the failed task's id in
 * front of its arguments.
 */
export class Errbacks {
  constructor(private readonly deps: ErrbackDeps) {}

  /** Resolves to the group that was sent, if any. */
  async call(
    { request, errbacks, asParent }: FailedTask,
    failure: Failure,
  ): Promise<PlannedResult | undefined> {
    const sent: SignatureDict[] = [];
    for (const errback of errbacks) {
      const definition = errback.subtask_type === null ? this.deps.tasks.get(errback.task) : undefined;
      if (definition?.config.errback !== 'request') sent.push(errback);
      else await this.deps.runHere(definition, { ...callOf(errback, request, failure), parent: asParent });
    }
    if (sent.length === 0) return undefined;
    const groupId = randomUUID();
    const members = await Promise.all(
      sent.map((errback, groupIndex) =>
        this.deps.sender.sendDict(errback, [request.id], { groupId, groupIndex }, asParent),
      ),
    );
    return { id: groupId, parent: undefined, members };
  }
}

function callOf(
  { args, kwargs, immutable }: SignatureDict,
  request: FailedRequest,
  { error, traceback }: { readonly error: RemoteError; readonly traceback: string | undefined },
): Omit<CallHere, 'parent'> {
  return { args: immutable ? args : [request, error, traceback ?? null, ...args], kwargs };
}
