import { describe, expect, it } from 'vitest';
import { defineTask } from '../../lib/task/define-task.js';
import { readRate } from '../../lib/task/limit.options.js';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { taskDefaults } from './defaults.js';

const read = (options: object) => readTaskOptions({ name: 'mail.send', ...options }, taskDefaults());

describe('a rate', () => {
  it.each([
    ['10/s', 100],
    ['100/m', 600],
    ['5/h', 720_000],
    ['0.5/m', 120_000],
    ['4', 250],
    [10, 100],
    [0.1, 10_000],
  ])('%s is a start every %d ms', (rate, intervalMs) => {
    expect(readRate(rate, 'rate')).toEqual({ scope: 'worker', intervalMs });
  });

  it.each([[0], ['0/m'], [''], [null], [undefined]])('%s is no limit', (rate) => {
    expect(readRate(rate, 'rate')).toBeUndefined();
  });

  it.each([['10/d'], ['ten'], ['/s'], [-1], [Infinity], [true], ['1e3/s']])('%s is none', (rate) => {
    expect(() => readRate(rate, 'celery.rate')).toThrow(/^celery.rate: expected a number per second/);
  });
});

describe('limits of a task', () => {
  it('come from the settings where the task says nothing', () => {
    const defaults = taskDefaults({ taskDefaultRateLimit: '2/s' });
    const limit = (options: TaskOptions) => readTaskOptions(options, defaults).rateLimit;
    expect(limit({})).toEqual({ scope: 'worker', intervalMs: 500 });
    expect(limit({ rateLimit: '4/s' })).toEqual({ scope: 'worker', intervalMs: 250 });
    expect(limit({ rateLimit: 0 })).toBeUndefined();
  });

  it('count over all workers when given as an object', () => {
    const key = (tenant: string) => tenant;
    const { rateLimit, concurrency } = read({
      rateLimit: { max: 100, per: '1m', key, burst: 5 },
      concurrency: { max: 2, key: 'tenant' },
    });
    expect(rateLimit).toEqual({ scope: 'cluster', intervalMs: 600, burst: 5, key });
    expect(concurrency).toEqual({ max: 2, key: 'tenant' });
  });

  it.each([
    [{ rateLimit: { max: 1 } }, 'rateLimit.per'],
    [{ rateLimit: { per: 1 } }, 'rateLimit.max'],
    [{ rateLimit: { max: 1, per: 0 } }, 'rateLimit.per'],
    [{ rateLimit: { max: 1, per: 1, key: 3 } }, 'rateLimit.key'],
    [{ concurrency: 3 }, 'concurrency'],
    [{ concurrency: { max: 0 } }, 'concurrency.max'],
    [{ concurrency: { max: 1, by: 'x' } }, 'concurrency.by'],
  ])('%o is refused', (options, path) => {
    expect(() => read(options)).toThrow(`@Task(mail.send).${path}: `);
  });

  it('name a parameter that the task has', () => {
    const declared = (key: string) => ({
      name: 'mail.send',
      options: { name: 'mail.send', concurrency: { max: 1, key } },
      method: (_to: string, _tenant: string) => undefined,
      contextIndex: undefined,
      decorated: [],
      source: 'Mail.send',
    });
    expect(defineTask(declared('_tenant'), taskDefaults()).config.concurrency?.key).toBe('_tenant');
    expect(() => defineTask(declared('tennant'), taskDefaults())).toThrow(
      '@Task(mail.send).concurrency.key: the task has no parameter "tennant". It has: _to, _tenant',
    );
  });
});
