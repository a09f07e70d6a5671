import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { EncodeError, NotRegistered, TaskRevokedError } from '../../lib/errors.js';
import { toRemoteError, tracebackOf } from '../../lib/message/remote-error.js';
import {
  Ignore,
  MaxRetriesExceeded,
  Reject,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
} from '../../lib/task/task.signals.js';

class OrderRejected extends Error {}

class Named extends Error {
  constructor(name: string) {
    super('boom');
    this.name = name;
  }
}

describe('an error as it is stored', () => {
  it.each<[string, unknown, string, readonly unknown[], string]>([
    ['an error', new Error('boom'), 'Error', ['boom'], 'js'],
    ['one that Python has too', new TypeError('boom'), 'TypeError', ['boom'], 'builtins'],
    ['one that only JavaScript has', new RangeError('boom'), 'RangeError', ['boom'], 'js'],
    ['one named like a Python one', new Named('ValueError'), 'ValueError', ['boom'], 'builtins'],
    ['a class of the application', new OrderRejected('no'), 'OrderRejected', ['no'], 'js'],
    ['one that would end a Python program', new Named('SystemExit'), 'SystemExit', ['boom'], 'js'],
    ['one that would end a Python loop', new Named('StopIteration'), 'StopIteration', ['boom'], 'js'],
    ['a path as its name', new Named('../os:system\u0000'), 'Named', ['boom'], 'js'],
    ['no message', new Error(), 'Error', [''], 'js'],
    ['a text', 'boom', 'Error', ['boom'], 'js'],
    ['undefined', undefined, 'Error', ['None'], 'js'],
    ['an object', { code: 7 }, 'Error', ["{'code': 7}"], 'js'],
    ['an object without prototype', Object.create(null), 'Error', ['{}'], 'js'],
    ['a symbol', Symbol('s'), 'Error', ['<symbol>'], 'js'],
    // Celery's own words, as in its results.
    [
      'an unknown task',
      new NotRegistered('no.such.task'),
      'NotRegistered',
      ['no.such.task'],
      'celery.exceptions',
    ],
    ['a reject', new Reject('no'), 'Reject', ['no', false], 'celery.exceptions'],
    ['an ignore', new Ignore('no'), 'Ignore', ['no'], 'celery.exceptions'],
    [
      'no retry left',
      new MaxRetriesExceeded('t', 'i'),
      'MaxRetriesExceededError',
      ["Can't retry t[i]: no retry is left"],
      'celery.exceptions',
    ],
    [
      'a revoked task',
      new TaskRevokedError('i', 'expired'),
      'TaskRevokedError',
      ['expired'],
      'celery.exceptions',
    ],
    ['a soft time limit', new SoftTimeLimitExceeded(1), 'SoftTimeLimitExceeded', [], 'billiard.exceptions'],
    ['a hard time limit', new TimeLimitExceeded(1), 'TimeLimitExceeded', [1], 'billiard.exceptions'],
    [
      'a result without form',
      new EncodeError('$', 'it is a Map'),
      'EncodeError',
      ['$ cannot be serialized: it is a Map'],
      'kombu.exceptions',
    ],
  ])('%s', (_what, thrown, type, args, module) => {
    expect(toRemoteError(thrown)).toEqual({ exc_type: type, exc_message: args, exc_module: module });
  });

  it('of another realm is an error too', () => {
    expect(toRemoteError(runInNewContext('new TypeError("far")'))).toEqual({
      exc_type: 'TypeError',
      exc_message: ['far'],
      exc_module: 'builtins',
    });
  });

  it('carries nothing but its message', () => {
    const error = Object.assign(new Error('boom', { cause: new Error('hunter2') }), {
      config: { token: 'hunter2' },
    });
    expect(JSON.stringify(toRemoteError(error))).not.toContain('hunter2');
  });

  it('is bounded, and never half of a surrogate pair', () => {
    const [message] = toRemoteError(new Error('😀'.repeat(5_000_000))).exc_message;
    expect(String(message).length).toBeLessThanOrEqual(64 * 1024);
    expect(String(message).isWellFormed()).toBe(true);
  });

  it('is something whatever its own code does', () => {
    const hostile = new Error('boom');
    Object.defineProperty(hostile, 'message', {
      get: () => {
        throw new Error('again');
      },
    });
    expect(toRemoteError(hostile).exc_type).toBe('Error');
    const proxy: unknown = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('again');
        },
      },
    );
    expect(toRemoteError(proxy).exc_type).toBe('Error');
    expect(tracebackOf(proxy)).toBe('');
  });
});

describe('a traceback', () => {
  it('is the stack, with those of its causes', () => {
    const text = tracebackOf(new Error('outer', { cause: new TypeError('inner') }));
    expect(text).toMatch(/^Error: outer\n\s+at [\s\S]*\nCaused by: TypeError: inner\n\s+at /);
  });

  it('ends for an error that is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(tracebackOf(error).match(/Caused by/g)).toHaveLength(5);
  });

  it('is bounded', () => {
    expect(tracebackOf(new Error('x'.repeat(5_000_000))).length).toBeLessThanOrEqual(256 * 1024);
  });

  it('names an error that has no stack, and is empty for what is none', () => {
    const bare = new Error('boom');
    delete bare.stack;
    expect(tracebackOf(bare)).toBe('Error: boom');
    expect(tracebackOf('boom')).toBe('');
  });
});
