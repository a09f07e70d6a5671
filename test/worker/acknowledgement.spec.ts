import { expect, it } from 'vitest';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { PoisonPill, TimeLimitExceeded } from '../../lib/task/task.signals.js';
import { acknowledgementOf } from '../../lib/worker/acknowledgement.js';
import type { Outcome } from '../../lib/worker/outcome.js';
import { taskDefaults } from '../task/defaults.js';

const failed: Outcome = { kind: 'failed', error: new Error('no'), runtimeMs: 1 };
const timedOut: Outcome = { kind: 'failed', error: new TimeLimitExceeded(5), runtimeMs: 1 };
const retrying: Outcome = { kind: 'retrying', request: {}, etaMs: 0, waitMs: 0, error: undefined };
const lost: Outcome = { kind: 'workerLost', error: new Error('gone') };

it.each<[string, Outcome, TaskOptions, string]>([
  ['success', { kind: 'succeeded', value: 1, runtimeMs: 1 }, {}, 'ack'],
  ['retry', retrying, {}, 'ack'],
  ['ignore', { kind: 'ignored' }, {}, 'ack'],
  ['revoked', { kind: 'revoked', reason: 'expired' }, {}, 'ack'],
  ['failure', failed, {}, 'ack'],
  ['failure, not to be acknowledged', failed, { acksOnFailureOrTimeout: false }, 'reject'],
  ['time limit', timedOut, {}, 'ack'],
  ['time limit, not to be acknowledged', timedOut, { acksOnFailureOrTimeout: false }, 'requeue'],
  ['killer of workers', { kind: 'failed', error: new PoisonPill(5), runtimeMs: 0 }, {}, 'quarantine'],
  ['reject', { kind: 'rejected', reason: '', requeue: false }, {}, 'reject'],
  ['reject to the queue', { kind: 'rejected', reason: '', requeue: true }, {}, 'requeue'],
  ['dead process', lost, {}, 'ack'],
  ['dead process, to be run again', lost, { rejectOnWorkerLost: true }, 'requeue'],
  ['shutdown', { kind: 'interrupted' }, {}, 'requeue'],
  ['lost message', { kind: 'abandoned' }, {}, 'nothing'],
])('%s', (_, outcome, options, expected) => {
  expect(acknowledgementOf(outcome, readTaskOptions({ ...options, name: 'a.task' }, taskDefaults()))).toBe(
    expected,
  );
});
