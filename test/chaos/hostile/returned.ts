import { fail, fails, type Site } from './site.js';

/** Results that nobody can write, or that throw where they are read. */
export const RETURNING: readonly Site[] = fails({
  'returns what has a toJSON that throws': () => ({ toJSON: fail }),
  'returns what has a getter that throws': () =>
    Object.defineProperty({}, 'a', { get: fail, enumerable: true }),
  'returns an array with a getter that throws': () =>
    Object.defineProperty([1], 0, { get: fail, enumerable: true }),
  'returns a proxy that throws': () => new Proxy({}, { get: fail, getPrototypeOf: fail, ownKeys: fail }),
  'returns what holds itself'() {
    const held: unknown[] = [];
    held.push(held);
    return held;
  },
  'returns a function': () => fail,
  'returns a symbol': () => Symbol('as it should'),
  'returns a map': () => new Map([['a', 1]]),
  'returns a date that is none': () => new Date(Number.NaN),
  'returns what is a hundred thousand deep'() {
    let value: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) value = [value];
    return value;
  },
  // oxlint-disable-next-line unicorn/no-thenable
  'returns a thenable that throws': () => ({ then: fail }),
  'sends what cannot be written': async (task) => task.updateState('PROGRESS', { toJSON: fail }),
});
