import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../lib/errors.js';
import { defineTask } from '../../lib/task/define-task.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { shortBatches } from '../../lib/worker/batch/short-batches.js';
import { taskDefaults } from './defaults.js';

const define = (
  options: TaskOptions,
  method: (...args: never[]) => unknown = (_batch) => undefined,
  contextIndex?: number,
) =>
  defineTask(
    {
      name: 'index',
      options: { ...options, name: 'index' },
      contextIndex,
      decorated: [],
      method,
      source: 'here',
    },
    taskDefaults(),
  );

describe('batch', () => {
  it('reads its size and wait', () => {
    expect(define({ batch: { size: 100, wait: '2s' } }).config.batch).toEqual({ size: 100, waitMs: 2_000 });
    expect(define({}).config.batch).toBeUndefined();
  });

  it.each<[batch: unknown, says: RegExp]>([
    [true, /@Task\(index\)\.batch: expected an object of options, got true/],
    [{ wait: '2s' }, /batch\.size: is missing: how many/],
    [{ size: 0, wait: '2s' }, /batch\.size: expected an integer, 1 to 10000, got 0/],
    [{ size: 10_001, wait: '2s' }, /1 to 10000, got 10001/],
    [{ size: 10 }, /batch\.wait: is missing: how long may a message wait/],
    [{ size: 10, wait: 0 }, /batch\.wait: expected more than 0 and at most 10 minutes, got 0/],
    [{ size: 10, wait: '11m' }, /at most 10 minutes, got "11m"/],
    [{ size: 10, wait: 'soon' }, /batch\.wait/],
    [{ size: 10, waitMs: 5 }, /batch\.waitMs: unknown option\. Did you mean wait\?/],
  ])('refuses %o', (batch, says) => {
    expect(() => define({ batch: batch as never })).toThrow(InvalidOptionError);
    expect(() => define({ batch: batch as never })).toThrow(says);
  });

  it('asks for a method that takes the batch, and a context if it wants one', () => {
    const batch = { size: 10, wait: '2s' } as const;
    const bound = (_task: unknown, _batch: unknown): void => undefined;
    expect(define({ batch }, bound, 0).parameters).toMatchObject({ names: [], required: 0, rest: true });
    const says = /@Task\(index\)\.batch: the method must take one parameter, the batch .* but it takes/;
    expect(() => define({ batch }, () => undefined)).toThrow(says);
    expect(() => define({ batch }, bound)).toThrow(/it takes \(_task, _batch\)/);
    expect(() => define({ batch }, (..._all: unknown[]) => undefined)).toThrow(says);
  });

  it('checks the arguments of each call by what `params` names', () => {
    const batch = { size: 10, wait: '2s' } as const;
    const { parameters } = define({
      batch,
      params: ['doc', 'boost?'],
      rateLimit: { max: 1, per: '1s', key: 'doc' },
    });
    expect(parameters).toMatchObject({ names: ['doc', 'boost'], required: 1, rest: false });
    expect(() => define({ batch, rateLimit: { max: 1, per: '1s', key: 'doc' } })).toThrow(
      /no parameter "doc"/,
    );
  });
});

describe('a batch that can never be full', () => {
  const task = define({ batch: { size: 10, wait: '2s' } });

  it('is named where the worker takes too few ahead', () => {
    expect(shortBatches([task], 9)).toEqual([expect.stringMatching(/index gathers 10 .* only 9 ahead/)]);
    expect(shortBatches([task], 10)).toEqual([]);
    expect(shortBatches([task], 0)).toEqual([]);
  });

  it('is named where too few may run at a time', () => {
    const narrow = define({ batch: { size: 10, wait: '2s' }, concurrency: { max: 2 } });
    expect(shortBatches([narrow], 0)).toEqual([
      expect.stringMatching(/concurrency lets only 2 run at a time/),
    ]);
  });
});
