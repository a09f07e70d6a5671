import { describe, expect, it } from 'vitest';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import { taskDefaults } from './defaults.js';

class Busy extends Error {}

/** Options as a JavaScript user may write them. */
const loose = (options: Record<string, unknown>): object => ({ name: 'mail.send', ...options });

describe('readTaskOptions', () => {
  it('decides as Celery where nothing is said', () => {
    expect(readTaskOptions({}, taskDefaults())).toEqual({
      queue: undefined,
      exchange: undefined,
      routingKey: undefined,
      priority: undefined,
      acksLate: false,
      acksOnFailureOrTimeout: true,
      rejectOnWorkerLost: false,
      autoretryFor: [],
      dontAutoretryFor: [],
      maxRetries: 3,
      defaultRetryDelayMs: 180_000,
      retryBackoffSeconds: undefined,
      retryBackoffMaxMs: 600_000,
      retryJitter: true,
      timeLimitMs: undefined,
      softTimeLimitMs: undefined,
      ownTimeLimitMs: undefined,
      ownSoftTimeLimitMs: undefined,
      ignoreResult: false,
      storeErrorsEvenIfIgnored: false,
      trackStarted: false,
      sendEvents: true,
      errback: 'id',
      pool: undefined,
      rateLimit: undefined,
      concurrency: undefined,
      expiresMs: undefined,
      serializer: 'json',
      compression: undefined,
      throws: [],
      typing: true,
      argsrepr: undefined,
    });
  });

  it('takes what a task leaves out from the settings, and nothing else', () => {
    const defaults = taskDefaults({
      taskAcksLate: true,
      taskIgnoreResult: true,
      taskTrackStarted: true,
      taskTimeLimit: '1m',
      taskSoftTimeLimit: 50,
    });

    expect(readTaskOptions({ ignoreResult: false, timeLimit: '55s' }, defaults)).toMatchObject({
      acksLate: true,
      ignoreResult: false,
      trackStarted: true,
      timeLimitMs: 55_000,
      ownTimeLimitMs: 55_000,
      softTimeLimitMs: 50_000,
      ownSoftTimeLimitMs: undefined,
    });
  });

  it.each([
    [true, 1],
    [false, undefined],
    [3, 3],
    [2.7, 2],
    [0.2, 1],
  ])('reads retryBackoff %s as %s s', (retryBackoff, seconds) => {
    expect(readTaskOptions({ retryBackoff }, taskDefaults()).retryBackoffSeconds).toBe(seconds);
  });

  it('reads durations, error classes and retries for ever', () => {
    expect(
      readTaskOptions(
        { autoretryFor: [Busy, Error], maxRetries: null, retryBackoffMax: '10m', expires: 30, timeLimit: 0 },
        taskDefaults(),
      ),
    ).toMatchObject({
      autoretryFor: [Busy, Error],
      maxRetries: null,
      retryBackoffMaxMs: 600_000,
      expiresMs: 30_000,
      timeLimitMs: undefined,
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ retryBackof: true }, '@Task(mail.send).retryBackof: unknown option. Did you mean retryBackoff?'],
    [{ acksLate: 'yes' }, '@Task(mail.send).acksLate: expected true or false, got "yes"'],
    [{ maxRetries: -1 }, '@Task(mail.send).maxRetries: expected an integer, 0 or more, got -1'],
    [{ maxRetries: Infinity }, 'maxRetries: expected an integer'],
    [{ priority: 256 }, 'priority: expected an integer, 0 to 255, got 256'],
    [{ timeLimit: '1 minute' }, '@Task(mail.send).timeLimit: "1 minute" is not a duration'],
    [{ expires: -1 }, 'expires: expected a duration of 0 or more, got -1'],
    [{ autoretryFor: Busy }, 'autoretryFor: expected a list, got a function Busy'],
    [{ autoretryFor: [Busy, 'Busy'] }, 'autoretryFor[1]: expected a class of errors, got "Busy"'],
    [{ throws: [Map] }, 'throws[0]: expected a class of errors, got a function Map'],
    [{ retryBackoff: 'fast' }, 'retryBackoff: expected true, false or a number of seconds, got "fast"'],
    [{ retryBackoff: Number.NaN }, 'got NaN'],
    [{ queue: '' }, 'queue: expected a non-empty string, got ""'],
    [{ params: 'to' }, 'params: expected a list, got "to"'],
    [{ argsrepr: 'x' }, 'argsrepr: expected true or a function of (args, kwargs), got "x"'],
    [
      { softTimeLimit: 20, timeLimit: 10 },
      'softTimeLimit: 20000 ms is longer than the hard limit of 10000 ms',
    ],
    [{ name: 'two words' }, 'expected a task name of 1 to 255 characters without spaces, got "two words"'],
    [{ name: 'a'.repeat(256) }, 'expected a task name of 1 to 255 characters'],
    [{ name: 'a\u0000' }, 'expected a task name'],
  ])('refuses %j', (options, message) => {
    expect(() => readTaskOptions(loose(options), taskDefaults())).toThrow(message);
  });

  it('compares a limit of its own with the default of the other', () => {
    expect(() => readTaskOptions({ softTimeLimit: 90 }, taskDefaults({ taskTimeLimit: 60 }))).toThrow(
      'softTimeLimit: 90000 ms is longer than the hard limit of 60000 ms',
    );
  });
});

describe('taskAnnotations', () => {
  const annotations = {
    'mail.send': { maxRetries: 1 },
    'mail.*': { maxRetries: 2, queue: 'mail' },
    '*': { maxRetries: 9, queue: 'all', acksLate: true },
  };

  it.each([
    ['mail.send', { maxRetries: 1, queue: 'mail', acksLate: true }],
    ['mail.fetch', { maxRetries: 2, queue: 'mail', acksLate: true }],
    ['shop.order', { maxRetries: 9, queue: 'all', acksLate: true }],
  ])('of %s: * first, then patterns, then the name', (name, expected) => {
    const options = { name, maxRetries: 5, acksLate: false, queue: 'own' };
    expect(readTaskOptions(options, taskDefaults({ taskAnnotations: annotations }))).toMatchObject(expected);
  });

  it.each<[unknown, string]>([
    [[], 'celery.taskAnnotations: expected an object of task name to options, got a list of 0'],
    [{ 'mail.*': 3 }, 'celery.taskAnnotations[mail.*]: expected an object of task options, got 3'],
    [{ a: { name: 'b' } }, 'celery.taskAnnotations[a].name: belongs to the code of the task'],
  ])('refuses %j', (taskAnnotations, message) => {
    expect(() => taskDefaults({ taskAnnotations: taskAnnotations as never })).toThrow(message);
  });

  it('names an option that no task has', () => {
    const defaults = taskDefaults({ taskAnnotations: { '*': { maxRetrys: 3 } as object } });
    expect(() => readTaskOptions({ name: 'a' }, defaults)).toThrow(
      '@Task(a).maxRetrys: unknown option. Did you mean maxRetries?',
    );
  });
});
