import type { TaskMessage } from '../message/task-message.js';
import type { Outcome } from './outcome.js';
import type { Request } from './request.js';

/** Is told what becomes of tasks. Must not throw, and must not keep anybody waiting. */
export interface TaskObserver {
  received(request: Request): void;
  started(request: Request): void;
  /** After its result was stored, before its message is acknowledged. */
  ended(request: Request, outcome: Outcome): void;
  /** A task that this worker does not have. */
  unknown(message: TaskMessage): void;
}

export function joinedObservers(observers: readonly TaskObserver[]): TaskObserver {
  return {
    received: (request) => observers.forEach((each) => each.received(request)),
    started: (request) => observers.forEach((each) => each.started(request)),
    ended: (request, outcome) => observers.forEach((each) => each.ended(request, outcome)),
    unknown: (message) => observers.forEach((each) => each.unknown(message)),
  };
}
