import { describe, expect, it } from 'vitest';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { Ignore, MaxRetriesExceeded, Reject, Retry, type RetryRequest } from '../../lib/task/task.signals.js';
import { afterThrow } from '../../lib/worker/retry.policy.js';
import { taskDefaults } from '../task/defaults.js';

class Busy extends Error {}
class VeryBusy extends Busy {}

const NOW = 1_000_000;

function decide(thrown: unknown, options: TaskOptions = {}, retries = 0, random = 0.5) {
  const config = readTaskOptions({ ...options, name: 'a.task' }, taskDefaults());
  return afterThrow(thrown, { id: 'an-id', name: 'a.task', retries, config, now: NOW, random: () => random });
}

const waitOf = (decision: ReturnType<typeof decide>) =>
  decision.kind === 'retrying' ? decision.waitMs : decision.kind;

describe('what a throw means', () => {
  it('an error fails', () => {
    const error = new Error('no');
    expect(decide(error)).toEqual({ kind: 'failed', error });
    expect(decide('text')).toEqual({ kind: 'failed', error: 'text' });
  });

  it('a signal steers', () => {
    expect(decide(new Ignore())).toEqual({ kind: 'ignored' });
    expect(decide(new Reject('why', { requeue: true }))).toEqual({
      kind: 'rejected',
      reason: 'why',
      requeue: true,
    });
  });

  it.each<[string, RetryRequest, TaskOptions, number, unknown]>([
    ['its own default delay', {}, {}, 0, 180_000],
    ["the task's delay", {}, { defaultRetryDelay: 5 }, 0, 5_000],
    ['a countdown', { countdownMs: 10_000 }, {}, 0, 10_000],
    ['an instant', { etaMs: NOW + 7, countdownMs: 10_000 }, {}, 0, 7],
    ['the last retry', {}, { maxRetries: 3 }, 2, 180_000],
    ['one too many', {}, { maxRetries: 3 }, 3, 'failed'],
    ['none at all', {}, { maxRetries: 0 }, 0, 'failed'],
    ['for ever', {}, { maxRetries: null }, 1_000_000, 180_000],
    ['more for this one', { maxRetries: 9 }, { maxRetries: 3 }, 8, 180_000],
    ['fewer for this one', { maxRetries: 1 }, { maxRetries: 3 }, 1, 'failed'],
    ['for ever for this one', { maxRetries: null }, { maxRetries: 0 }, 50, 180_000],
  ])('retry() with %s', (_, request, options, retries, expected) => {
    expect(waitOf(decide(new Retry(request), options, retries))).toBe(expected);
  });

  it('a retry that is one too many fails with its cause, else with MaxRetriesExceeded', () => {
    const cause = new Busy('why');
    expect(decide(new Retry({ cause }), { maxRetries: 0 })).toEqual({ kind: 'failed', error: cause });
    expect(decide(new Retry({}), { maxRetries: 0 })).toMatchObject({ error: expect.any(MaxRetriesExceeded) });
  });
});

describe('automatic retries', () => {
  const auto: TaskOptions = { autoretryFor: [Busy], retryBackoff: true, retryJitter: false };

  it.each<[string, unknown, TaskOptions, number, unknown]>([
    ['a class that is named', new Busy(), auto, 0, 1_000],
    ['a class below it', new VeryBusy(), auto, 0, 1_000],
    ['an excepted one', new VeryBusy(), { ...auto, dontAutoretryFor: [VeryBusy] }, 0, 'failed'],
    ['another', new Error('no'), auto, 0, 'failed'],
    ['doubling', new Busy(), auto, 2, 4_000],
    ['a factor', new Busy(), { ...auto, retryBackoff: 5 }, 1, 10_000],
    ['the cap', new Busy(), { ...auto, maxRetries: null }, 40, 600_000],
    ['beyond what a number holds', new Busy(), { ...auto, maxRetries: null }, 5_000, 600_000],
    ['no backoff', new Busy(), { autoretryFor: [Busy], defaultRetryDelay: 2 }, 0, 2_000],
    ['none left', new Busy(), auto, 3, 'failed'],
    ['half of it by jitter', new Busy(), { ...auto, retryJitter: true }, 3 - 1, 2_000],
  ])('%s', (_, thrown, options, retries, expected) => {
    expect(waitOf(decide(thrown, options, retries))).toBe(expected);
  });

  it('jitter draws between nothing and the full wait', () => {
    const options = { ...auto, retryJitter: true };
    expect(waitOf(decide(new Busy(), options, 2, 0))).toBe(0);
    expect(waitOf(decide(new Busy(), options, 2, 0.999_999))).toBe(4_000);
  });

  it('signals are never retried by themselves', () => {
    expect(decide(new Ignore(), { autoretryFor: [Error] })).toEqual({ kind: 'ignored' });
  });
});
