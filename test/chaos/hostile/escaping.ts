import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs';
import { connect } from 'node:net';
import { fail, fails, never, succeeds, type Site } from './site.js';

/** What no `await` of the handler sees, while it waits for ever. */
const WHILE_IT_RUNS = {
  'lets a tick throw': () => process.nextTick(fail),
  'lets an immediate throw': () => setImmediate(fail),
  'lets a timer throw': () => setTimeout(fail, 5),
  'lets an interval throw'() {
    const timer = setInterval(() => {
      clearInterval(timer);
      fail();
    }, 5);
  },
  'lets a promise reject': () => void Promise.reject(new Error('as it should')),
  'lets a promise reject with nothing': () => void Promise.reject(undefined),
  'lets a promise reject with a proxy that throws': () =>
    void Promise.reject(new Proxy({}, { get: fail, getPrototypeOf: fail })),
  'lets an async function reject': () =>
    void (async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      fail();
    })(),
  'lets an emitter have an error': () => setImmediate(() => new EventEmitter().emit('error', new Error('x'))),
  'lets a socket have an error': () => void connect(1, '127.0.0.1'),
  'lets a callback of a file throw': () => readFile('/does/not/exist', fail),
} as const;

/** The same once it has ended: nobody waits for anything any more. */
const ONCE_IT_ENDED = {
  'lets a tick throw afterwards': () => setTimeout(() => process.nextTick(fail), 20),
  'lets a timer throw afterwards': () => setTimeout(fail, 20),
  'lets a promise reject afterwards': () => setTimeout(() => void Promise.reject(new Error('x')), 20),
  'lets an emitter have an error afterwards': () =>
    setTimeout(() => new EventEmitter().emit('error', new Error('x')), 20),
} as const;

function thenWaits(strike: () => unknown): () => Promise<never> {
  return () => {
    strike();
    return never();
  };
}

function thenEnds(strike: () => unknown): () => void {
  return () => void strike();
}

function each<T>(strikes: Readonly<Record<string, () => unknown>>, make: (strike: () => unknown) => T) {
  return Object.fromEntries(Object.entries(strikes).map(([name, strike]) => [name, make(strike)]));
}

export const ESCAPING: readonly Site[] = [
  ...fails(each(WHILE_IT_RUNS, thenWaits)),
  ...succeeds(each(ONCE_IT_ENDED, thenEnds)),
  // Its time limit is what aborts it.
  ...fails({
    'lets a listener of its signal throw'(task) {
      task.signal.addEventListener('abort', fail);
      return never();
    },
  }),
];
