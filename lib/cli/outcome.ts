import { ResultTimeoutError, TaskFailedError, TaskRevokedError } from '../errors.js';
import type { AsyncResult } from '../result/async-result.js';
import type { Cli } from './cli.js';
import { EXIT } from './exit-code.js';
import { jsonOf } from './output.js';

export interface Waiting {
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly what: 'result' | 'traceback';
}

/** Waits for a task and tells what became of it. */
export async function tellOutcome(
  result: AsyncResult<unknown>,
  { timeoutMs, what }: Waiting,
  cli: Cli,
): Promise<number> {
  const { output, interrupted } = cli;
  const limits = timeoutMs === undefined ? {} : { timeout: `${timeoutMs}ms` as const };
  const id = result.id;
  try {
    const value = await result.get({ ...limits, signal: interrupted });
    if (what === 'traceback') output.answer({ id, state: 'SUCCESS', traceback: null }, () => '');
    else output.answer({ id, state: 'SUCCESS', result: value ?? null }, () => textOf(value));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof TaskFailedError) return tellFailure(id, error, what, cli);
    if (error instanceof TaskRevokedError) {
      if (output.json) output.answer({ id, state: 'REVOKED', error: { message: error.reason } }, () => '');
      else output.error(error.message);
      return EXIT.failed;
    }
    if (!(error instanceof ResultTimeoutError)) throw error;
    const state = await result.state();
    if (output.json) output.answer({ id, state }, () => '');
    else output.error(pendingText(id, state, error.timeoutMs));
    return EXIT.failed;
  }
}

function tellFailure(id: string, error: TaskFailedError, what: Waiting['what'], { output }: Cli): number {
  const { remote, traceback } = error;
  if (output.json) {
    const { type, module, message, args } = remote;
    const told = { type, module: module ?? null, message, args };
    output.answer({ id, state: 'FAILURE', error: told, traceback: traceback ?? null }, () => '');
    return EXIT.failed;
  }
  if (what === 'traceback') {
    // Asked for and given: that is no failure, as in Celery.
    output.answer(undefined, () => (traceback ?? `${remote.type}: ${remote.message}`).trimEnd());
    return EXIT.ok;
  }
  output.error(`${error.message}\n(the traceback: nest-celery result ${id} --traceback)`);
  return EXIT.failed;
}

function pendingText(id: string, state: string, timeoutMs: number): string {
  const waited = timeoutMs === 0 ? 'yet' : `after ${timeoutMs / 1000} s`;
  return state === 'PENDING'
    ? `No result of ${id} ${waited}. Its state is PENDING, which means unknown: it may wait in its queue, run, have run out, or never have been sent.`
    : `No result of ${id} ${waited}. Its state is ${state}.`;
}

/** A text as it is, everything else as JSON. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : jsonOf(value);
}
