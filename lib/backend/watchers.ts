import { ChurnMap } from '../runtime/churn.map.js';
import type { OnMeta, TaskMeta, Unwatch } from './result-backend.js';

interface Watcher {
  readonly onMeta: OnMeta;
  readonly onUnreadable: ((error: Error) => void) | undefined;
}

/** Who waits for which result. */
export class Watchers {
  readonly #byTask = new ChurnMap<string, Set<Watcher>>();

  /** @param hooks called when the first watcher of a task comes, and when its last has gone */
  constructor(
    private readonly hooks: { onFirst?(taskId: string): void; onLast?(taskId: string): void } = {},
  ) {}

  get size(): number {
    return this.#byTask.size;
  }

  taskIds(): string[] {
    return [...this.#byTask.keys()];
  }

  has(taskId: string): boolean {
    return this.#byTask.has(taskId);
  }

  add(taskId: string, onMeta: OnMeta, onUnreadable?: (error: Error) => void): Unwatch {
    const watcher: Watcher = { onMeta, onUnreadable };
    const watchers = this.#byTask.get(taskId);
    if (watchers === undefined) {
      this.#byTask.set(taskId, new Set([watcher]));
      this.hooks.onFirst?.(taskId);
    } else {
      watchers.add(watcher);
    }
    return () => this.#remove(taskId, watcher);
  }

  /** Reads the state once, if somebody waits for it, and tells all who do. */
  tell(taskId: string, read: () => TaskMeta): void {
    const watchers = this.#byTask.get(taskId);
    if (watchers === undefined) return;
    let meta: TaskMeta;
    try {
      meta = read();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      for (const { onUnreadable } of watchers) onUnreadable?.(error);
      return;
    }
    for (const { onMeta } of watchers) onMeta(meta);
  }

  clear(): void {
    this.#byTask.clear();
  }

  #remove(taskId: string, watcher: Watcher): void {
    const watchers = this.#byTask.get(taskId);
    if (watchers === undefined || !watchers.delete(watcher) || watchers.size > 0) return;
    this.#byTask.delete(taskId);
    this.hooks.onLast?.(taskId);
  }
}
