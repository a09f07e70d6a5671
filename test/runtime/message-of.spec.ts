import { describe, expect, it } from 'vitest';
import { harmless } from '../../lib/runtime/harmless-log.js';
import { messageOf, stackOf } from '../../lib/runtime/message-of.js';

const fail = (): never => {
  throw new Error('called');
};

describe('what was thrown', () => {
  it('is put in words, whatever it is', () => {
    expect(messageOf(new RangeError('no'))).toBe('no');
    expect(messageOf('just text')).toBe('just text');
    expect(messageOf(undefined)).toBe('undefined');
    for (const hostile of [
      Object.create(null),
      new Proxy({}, { getPrototypeOf: fail, get: fail }),
      Object.defineProperty(new Error('x'), 'message', { get: fail }),
      { toString: fail },
    ])
      expect(messageOf(hostile)).toBe('an error that cannot be read');
  });

  it('has its stack where one can be read', () => {
    expect(stackOf(new Error('x'))).toContain('message-of.spec');
    expect(stackOf('text')).toBeUndefined();
    expect(stackOf(Object.defineProperty(new Error('x'), 'stack', { get: fail }))).toBeUndefined();
  });
});

it('a logger that throws harms nobody', () => {
  const log = harmless({ debug: fail, log: fail, warn: fail, error: fail });
  for (const level of ['debug', 'log', 'warn', 'error'] as const) expect(log[level]('text')).toBeUndefined();
});
