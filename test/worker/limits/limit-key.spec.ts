import { describe, expect, it } from 'vitest';
import { countedBy } from '../../../lib/worker/limits/limit-key.js';
import type { KeySource } from '../../../lib/task/limit.options.js';
import { parametersOf } from '../../../lib/task/parameters.js';
import { readTaskOptions } from '../../../lib/task/read-task-options.js';
import { taskDefaults } from '../../task/defaults.js';
import { aTaskMessage } from '../a-task-message.js';

const definition = {
  name: 'mail.send',
  source: 'Mail.send',
  config: readTaskOptions({ name: 'mail.send' }, taskDefaults()),
  parameters: parametersOf((_tenant: string, _to: string) => undefined),
};
const counted = (key: KeySource | undefined, args: unknown[], kwargs: Record<string, unknown> = {}) =>
  countedBy(definition, 'rateLimit', key, aTaskMessage({ args, kwargs }));

describe('the key of a limit', () => {
  it.each([
    ['no key', undefined, ['a', 'b'], {}, 'mail.send'],
    ['a parameter', '_tenant', ['a', 'b'], {}, 'mail.send/a'],
    ['a keyword argument', '_tenant', [], { _tenant: 'a', _to: 'b' }, 'mail.send/a'],
    [
      'a function',
      (tenant: unknown, to: unknown) => `${String(tenant)}-${String(to)}`,
      ['a'],
      { _to: 'b' },
      'mail.send/a-b',
    ],
    ['a number', () => 7, ['a', 'b'], {}, 'mail.send/7'],
  ])('%s', (_, key, args, kwargs, expected) => {
    expect(counted(key, args, kwargs)).toBe(expected);
  });

  it('of any length makes a short one', () => {
    expect(counted(() => 'x'.repeat(100_000), ['a', 'b'])).toMatch(/^mail\.send\/sha256-[0-9a-f]{64}$/);
  });

  it.each([
    ['what is no key', () => ({}), ['a', 'b'], 'expected a string, number, bigint or boolean, got an object'],
    ['nothing', () => undefined, ['a', 'b'], 'got undefined'],
    ['a call that does not fit', '_tenant', ['a', 'b', 'c'], 'it throws TypeError:'],
  ])('%s is refused', (_, key, args, problem) => {
    expect(() => counted(key, args)).toThrow(problem);
  });
});
