import type { ResultBackend } from '../backend/result-backend.js';
import type { Sender } from '../producer/sender.js';
import type { Clock } from '../runtime/clock.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { Continuation } from './continuation.js';
import { Errbacks } from './errbacks.js';
import { callInline } from './inline-call.js';
import type { LaterRequeues } from './later-requeues.js';
import type { Quarantine } from './quarantine.js';
import type { RequestRunner } from './request.runner.js';
import type { ResultRecorder } from './result.recorder.js';
import { Settlement } from './settlement.js';
import type { TaskObserver } from './task.observer.js';
import type { TaskLog } from './task.log.js';
import { WorkflowEnd } from './workflow.end.js';

export interface SettlementParts {
  readonly backend: ResultBackend | undefined;
  /** Of the broker that is consumed, without credentials. */
  readonly brokerUrl: string;
  readonly recorder: ResultRecorder;
  readonly sender: Sender;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly runner: RequestRunner;
  readonly hostname: string;
  readonly later: LaterRequeues;
  readonly quarantine: Quarantine;
  readonly taskLog: TaskLog;
  /** Undefined: monitors are told nothing. */
  readonly observer: TaskObserver;
  readonly clock: Clock;
}

/** What settles requests, and what it settles them with, put together. */
export function openSettlement(parts: SettlementParts): {
  readonly settlement: Settlement;
  readonly end: WorkflowEnd;
  readonly errbacks: Errbacks;
} {
  const { backend, brokerUrl, recorder, sender, tasks, later, quarantine, taskLog, observer, clock } = parts;
  const errbacks = new Errbacks({
    sender,
    tasks,
    runHere: (definition, call) => callInline(definition, call, parts),
  });
  const end = new WorkflowEnd({ backend, sender, recorder, errbacks, brokerUrl, clock });
  const continuation = new Continuation(sender);
  const settlement = new Settlement({
    recorder,
    continuation,
    sender,
    end,
    errbacks,
    later,
    quarantine,
    taskLog,
    observer,
  });
  return { settlement, end, errbacks };
}
