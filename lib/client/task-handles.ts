import type { TaskHandle } from './task.handle.js';

/**
 * An object that gives the handle of any method when it is asked for it, and only then.
 * @param handleOf undefined for names that are no task
 */
export function lazyHandles(
  handleOf: (key: string) => TaskHandle<unknown[], never> | undefined,
): Readonly<Record<string, TaskHandle<unknown[], never>>> {
  const known = new Map<string, TaskHandle<unknown[], never> | undefined>();
  return new Proxy<Record<string, TaskHandle<unknown[], never>>>(
    Object.freeze({ __proto__: null }) as never,
    {
      get(_target, key) {
        if (typeof key === 'symbol' || LANGUAGES_OWN.has(key)) return undefined;
        if (!known.has(key)) known.set(key, handleOf(key));
        return known.get(key);
      },
    },
  );
}

/** What the language and its tools ask any object for: a promise, a JSON form, a name to print. */
const LANGUAGES_OWN: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'toString',
  'valueOf',
  'constructor',
  'prototype',
  'inspect',
  'asymmetricMatch',
  '$$typeof',
  '__proto__',
]);
