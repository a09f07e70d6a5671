import type { TaskHookEvent } from '../hooks/hook.events.js';
import type { Hooks } from '../hooks/hooks.js';
import type { TaskMessage } from '../message/task-message.js';
import { unreachable } from '../runtime/unreachable.js';
import type { Outcome } from './outcome.js';
import type { Request } from './request.js';
import type { TaskObserver } from './task.observer.js';

/** Tells the application's listeners what becomes of tasks. */
export class TaskHooks implements TaskObserver {
  constructor(private readonly hooks: Hooks) {}

  received({ message, delivery }: Request): void {
    this.hooks.tell('task-received', () => ({ ...eventOf(message), queue: delivery.queue }));
  }

  started(): void {}

  ended({ message }: Request, outcome: Outcome): void {
    const { hooks } = this;
    switch (outcome.kind) {
      case 'succeeded': {
        const { value: result, runtimeMs } = outcome;
        return hooks.tell('task-succeeded', () => ({ ...eventOf(message), result, runtimeMs }));
      }
      case 'failed':
      case 'workerLost':
        return hooks.tell('task-failed', () => ({ ...eventOf(message), error: outcome.error }));
      case 'retrying': {
        const { error, etaMs } = outcome;
        return hooks.tell('task-retried', () => ({ ...eventOf(message), error, etaMs }));
      }
      case 'rejected': {
        const { reason, requeue } = outcome;
        return hooks.tell('task-rejected', () => ({ ...eventOf(message), reason, requeue }));
      }
      case 'revoked':
        return hooks.tell('task-revoked', () => ({ ...eventOf(message), reason: outcome.reason }));
      case 'ignored':
      case 'replaced':
      case 'interrupted':
      case 'abandoned':
        return;
      default:
        return unreachable(outcome);
    }
  }

  unknown(message: TaskMessage): void {
    this.hooks.tell('task-unknown', () => eventOf(message));
  }
}

export function eventOf(message: TaskMessage): TaskHookEvent {
  const {
    id,
    task: name,
    args,
    kwargs,
    retries,
    rootId,
    parentId,
    groupId,
    customHeaders: headers,
  } = message;
  return { id, name, args, kwargs, retries, rootId, parentId, groupId, headers };
}
