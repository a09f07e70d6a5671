import { unreachable } from '../runtime/unreachable.js';
import type { TaskConfig } from '../task/task.options.js';
import { PoisonPill, TimeLimitExceeded } from '../task/task.signals.js';
import type { Outcome } from './outcome.js';

/** What is told to the broker about a message that was not acknowledged before its run. */
export type Acknowledgement = 'ack' | 'reject' | 'requeue' | 'quarantine' | 'nothing';

/** Celery's matrix for `acksLate`, and an end for what would go round for ever. */
export function acknowledgementOf(outcome: Outcome, config: TaskConfig): Acknowledgement {
  switch (outcome.kind) {
    case 'succeeded':
    case 'retrying':
    case 'ignored':
    case 'replaced':
    case 'revoked':
      return 'ack';
    case 'failed':
      if (outcome.error instanceof PoisonPill) return 'quarantine';
      if (config.acksOnFailureOrTimeout) return 'ack';
      return outcome.error instanceof TimeLimitExceeded ? 'requeue' : 'reject';
    case 'rejected':
      return outcome.requeue ? 'requeue' : 'reject';
    case 'workerLost':
      return config.rejectOnWorkerLost ? 'requeue' : 'ack';
    case 'interrupted':
      return 'requeue';
    case 'abandoned':
      return 'nothing';
    default:
      return unreachable(outcome);
  }
}
