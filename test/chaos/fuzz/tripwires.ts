import childProcess from 'node:child_process';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import vm from 'node:vm';
import workers from 'node:worker_threads';

/** Functions that run programs, run code or touch files; whoever calls one is noted, and gets an error. */
export class Tripwires implements Disposable {
  readonly #tripped: string[] = [];
  readonly #restores: (() => void)[] = [];

  constructor() {
    this.#cutEvery(childProcess, 'child_process');
    this.#cutEvery(fs, 'fs');
    this.#cutEvery(fs.promises, 'fs.promises');
    this.#cutEvery(vm, 'vm');
    this.#cut(workers, 'Worker', 'worker_threads.Worker');
    this.#cut(createRequire(import.meta.url)('node:module') as object, '_load', 'require');
    for (const name of ['exit', 'abort', 'kill', 'dlopen', 'chdir', 'setuid', 'binding'])
      this.#cut(process, name, `process.${name}`);
    this.#cut(globalThis, 'eval', 'eval');
    this.#cut(globalThis, 'Function', 'Function');
    // As `(() => {}).constructor` finds it.
    this.#cut(Function.prototype, 'constructor', 'Function');
    syncBuiltinESMExports();
  }

  /** What was called so far. */
  get tripped(): readonly string[] {
    return [...new Set(this.#tripped)];
  }

  #cutEvery(module: object, name: string): void {
    for (const key of Object.keys(module)) {
      if (typeof Reflect.get(module, key) === 'function') this.#cut(module, key, `${name}.${key}`);
    }
  }

  #cut(holder: object, key: string, name: string): void {
    const was = Object.getOwnPropertyDescriptor(holder, key);
    if (was === undefined || was.configurable !== true) return;
    const trip = (): never => {
      this.#tripped.push(name);
      throw new Error(`${name} was called`);
    };
    const original: unknown = Reflect.get(holder, key);
    if (typeof original !== 'function') return;
    const value = new Proxy(original, { apply: trip, construct: trip });
    Object.defineProperty(holder, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: was.enumerable ?? false,
    });
    this.#restores.push(() => void Object.defineProperty(holder, key, was));
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restores.toReversed()) restore();
    syncBuiltinESMExports();
  }
}
