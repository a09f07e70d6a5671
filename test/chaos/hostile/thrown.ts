import { fail, fails, type Site } from './site.js';

/** Errors, and what is none, that harm whoever looks at them. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  'an error': () => new Error('as it should'),
  'a text': () => 'as it should',
  undefined: () => undefined,
  null: () => null,
  'a number': () => 7,
  'a symbol': () => Symbol('as it should'),
  'a function': () => fail,
  'an object without a prototype': () => Object.create(null) as unknown,
  'a proxy that throws': () => new Proxy({}, { get: fail, getPrototypeOf: fail, ownKeys: fail }),
  'a proxy of an error': () => new Proxy(new Error('x'), { get: fail, getPrototypeOf: fail, ownKeys: fail }),
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'a promise that rejects': () => Promise.reject(new Error('as it should')),
  'an object whose toString throws': () => ({ toString: fail, [Symbol.toPrimitive]: fail }),
  'an error whose message throws': () => withGetter('message'),
  'an error whose stack throws': () => withGetter('stack'),
  'an error whose name throws': () => withGetter('name'),
  'an error whose cause throws': () => withGetter('cause'),
  'an error whose constructor throws': () => withGetter('constructor'),
  'an error whose code throws': () => withGetter('code'),
  'an error whose toJSON throws': () => Object.assign(new Error('x'), { toJSON: fail }),
  'an error whose message is no text': () => Object.assign(new Error('x'), { message: { toString: fail } }),
  'an error whose stack is no text': () => Object.assign(new Error('x'), { stack: 7 }),
  'an error that is its own cause'() {
    const error = new Error('x');
    error.cause = error;
    return error;
  },
  'an error that holds itself'() {
    const error = new AggregateError([], 'x');
    error.errors.push(error);
    return error;
  },
  'an error of ten thousand causes'() {
    let error = new Error('the first');
    for (let depth = 0; depth < 10_000; depth += 1) error = new Error('another', { cause: error });
    return error;
  },
  'an error of ten megabytes': () => new Error('x'.repeat(10 * 2 ** 20)),
};

function withGetter(name: string): Error {
  return Object.defineProperty(new Error('x'), name, { get: fail, enumerable: true });
}

export const THROWING: readonly Site[] = fails(
  Object.fromEntries(
    Object.entries(THROWN).map(([name, make]) => [
      `throws ${name}`,
      () => {
        throw make();
      },
    ]),
  ),
);
