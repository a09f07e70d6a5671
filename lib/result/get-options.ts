import type { ResultBackend } from '../backend/result-backend.js';
import { InvalidOptionError, NoResultBackendError, UnsupportedError } from '../errors.js';
import { durationMs, type Duration } from '../runtime/duration.js';
import type { GetOptions, ResultDeps } from './result.js';
import type { WaitLimits } from './results-wait.js';

const MIN_INTERVAL_MS = 1;

/** How `get` waits. @throws InvalidOptionError, UnsupportedError within a task, NoResultBackendError, the signal's reason */
export function readGetOptions(options: GetOptions, deps: ResultDeps): WaitLimits {
  const { timeout, interval, signal, disableSyncSubtasks = true } = options;
  if (disableSyncSubtasks && deps.insideTask()) {
    throw new UnsupportedError(
      'Calling get() on a result within a task',
      'it can leave no slot to run the awaited task. Use link, or get({ disableSyncSubtasks: false }) if you know better.',
    );
  }
  const backend = backendOf(deps);
  const limits = {
    timeoutMs: timeout === undefined ? undefined : durationMs(timeout, 'get.timeout'),
    intervalMs: interval === undefined ? undefined : intervalMs(interval),
  };
  signal?.throwIfAborted();
  return { ...limits, signal, backend, clock: deps.clock };
}

/** @throws NoResultBackendError */
export function backendOf({ backend }: ResultDeps): ResultBackend {
  if (backend === undefined) throw new NoResultBackendError();
  return backend;
}

function intervalMs(interval: Duration): number {
  const ms = durationMs(interval, 'get.interval');
  if (ms >= MIN_INTERVAL_MS) return ms;
  throw new InvalidOptionError('get.interval', `expected ${MIN_INTERVAL_MS} ms or more, got ${interval}`);
}
