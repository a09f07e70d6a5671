import { Replace } from '../context/replace.js';
import type { TaskConfig } from '../task/task.options.js';
import { Ignore, MaxRetriesExceeded, Reject, Retry, type RetryRequest } from '../task/task.signals.js';
import type { Outcome } from './outcome.js';

/** What a throw means for the task. */
export type Decision =
  | Extract<Outcome, { kind: 'retrying' | 'ignored' | 'rejected' | 'replaced' }>
  | { readonly kind: 'failed'; readonly error: unknown };

/** What the decision depends on besides what was thrown. */
export interface Attempt {
  readonly id: string;
  readonly name: string;
  /** Retries before this attempt: 0 on the first. */
  readonly retries: number;
  readonly config: TaskConfig;
  /** Wall clock, epoch ms. */
  readonly now: number;
  /** 0 ≤ random < 1 */
  readonly random: () => number;
}

/** Pure, so that every rule of it is one line of a table test. */
export function afterThrow(thrown: unknown, attempt: Attempt): Decision {
  if (thrown instanceof Retry) return asked(thrown.request, attempt);
  if (thrown instanceof Replace) return { kind: 'replaced', canvas: thrown.canvas };
  if (thrown instanceof Ignore) return { kind: 'ignored' };
  if (thrown instanceof Reject) return { kind: 'rejected', reason: thrown.message, requeue: thrown.requeue };
  return retriesBySelf(thrown, attempt.config)
    ? automatic(thrown, attempt)
    : { kind: 'failed', error: thrown };
}

/** `task.retry()`: what it says wins over the task's settings, for this one decision. */
function asked(request: RetryRequest, attempt: Attempt): Decision {
  const { config, now } = attempt;
  const allowed = request.maxRetries === undefined ? config.maxRetries : request.maxRetries;
  const error = request.cause ?? new MaxRetriesExceeded(attempt.name, attempt.id);
  if (spent(attempt.retries, allowed)) return { kind: 'failed', error };
  const etaMs = request.etaMs ?? now + (request.countdownMs ?? config.defaultRetryDelayMs);
  return { kind: 'retrying', request, etaMs, waitMs: etaMs - now, error: request.cause };
}

function automatic(error: unknown, { config, retries, now, random }: Attempt): Decision {
  if (spent(retries, config.maxRetries)) return { kind: 'failed', error };
  const waitMs = automaticWaitMs(retries, config, random);
  return { kind: 'retrying', request: { cause: error }, etaMs: now + waitMs, waitMs, error };
}

function spent(retries: number, allowed: number | null): boolean {
  return allowed !== null && retries + 1 > allowed;
}

function retriesBySelf(thrown: unknown, { autoretryFor, dontAutoretryFor }: TaskConfig): boolean {
  const is = (each: abstract new (...args: never[]) => Error): boolean => thrown instanceof each;
  return autoretryFor.some(is) && !dontAutoretryFor.some(is);
}

/** 1 s, 2 s, 4 s … times the factor, up to the cap; with jitter a draw between 0 and that. Without backoff, the task's own delay. */
function automaticWaitMs(retries: number, config: TaskConfig, random: () => number): number {
  const { retryBackoffSeconds, retryBackoffMaxMs, retryJitter, defaultRetryDelayMs } = config;
  if (retryBackoffSeconds === undefined) return defaultRetryDelayMs;
  const fullMs = Math.min(retryBackoffMaxMs, retryBackoffSeconds * 1000 * 2 ** retries);
  return retryJitter ? Math.floor(random() * (fullMs + 1)) : fullMs;
}
