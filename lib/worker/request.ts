import type { ReplyAddress } from '../backend/result-backend.js';
import type { Delivery } from '../broker/broker.js';
import type { TaskMessage } from '../message/task-message.js';
import type { PlannedResult } from '../canvas/workflow.js';
import { resultTuple } from '../producer/chord-unlock.js';
import type { SendingTask } from '../producer/sender.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { DeliveryLost } from '../task/task.signals.js';
import type { FailedRequest } from './failed-request.js';
import { LazyAbort } from './lazy-abort.js';
import type { Outcome } from './outcome.js';
import { printable } from './printable.js';

/** What may be done to a request while its handler runs. */
export interface Running {
  /** Ends the run now, whatever its handler still does. */
  cutShort(outcome: Outcome): void;
  /** Revoked: aborts its signal, and cuts it short where it has not ended within the time. */
  terminate(graceMs: number): void;
}

/** One message being worked on, from its arrival to its end. */
export class Request {
  /** Where it is: waiting for a slot, held until it is due, run, or given back unrun. */
  stage: 'waiting' | 'held' | 'running' | 'returned' = 'waiting';
  /** Logs and monitors were told of it. */
  received = false;
  /** It was acknowledged before its run: what is told to the broker later has nothing left to do. */
  ackedEarly = false;
  /** Set while the handler runs. */
  running: Running | undefined;
  /** Those of its batch, itself too, while one call of the handler runs them all. Set on the first of them. */
  together: readonly Request[] | undefined;
  /** Everything this run sent, callbacks too, as Celery's result tuples. */
  readonly children: unknown[] = [];
  #label: string | undefined;
  readonly abort = new LazyAbort((abort) => {
    if (!this.ackedEarly) onAbort(this.delivery.lost, () => abort.abort(new DeliveryLost()));
  });

  constructor(
    readonly delivery: Delivery,
    readonly message: TaskMessage,
    readonly definition: TaskDefinition,
  ) {}

  get id(): string {
    return this.message.id;
  }

  /** `mail.send[id]`, for log lines. */
  get label(): string {
    return (this.#label ??= labelOf(this.message));
  }

  /** Celery's clients write `ignore_result: false` on every call that says nothing of it, so only `true` counts. */
  get ignoresResult(): boolean {
    return this.message.ignoreResult === true || this.definition.config.ignoreResult;
  }

  get storesErrors(): boolean {
    return !this.ignoresResult || this.definition.config.storeErrorsEvenIfIgnored;
  }

  /** True when the broker has given the message, or will give it, to another worker. */
  get lost(): boolean {
    return !this.ackedEarly && this.delivery.isLost;
  }

  get replyAddress(): ReplyAddress {
    return { replyTo: this.message.replyTo, correlationId: this.message.correlationId };
  }

  get asParent(): SendingTask {
    const { id, rootId, priority } = this.message;
    return { id, rootId, priority };
  }

  /** As error callbacks see it. */
  get asFailed(): FailedRequest {
    const { id, task, args, kwargs, retries, rootId, parentId, groupId } = this.message;
    return { id, task, args, kwargs, retries, rootId, parentId, groupId };
  }

  addChild(sent: PlannedResult): void {
    this.children.push(resultTuple(sent));
  }

  addGroup(id: string, members: readonly PlannedResult[]): void {
    this.addChild({ id, parent: undefined, members });
  }
}

export function labelOf({ shadow, task, id }: TaskMessage): string {
  return `${printable(shadow ?? task, LONGEST_NAME)}[${printable(id, LONGEST_NAME)}]`;
}

const LONGEST_NAME = 255;

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
}
