import type { TaskMessage } from '../message/task-message.js';
import type { Clock } from '../runtime/clock.js';
import { AgingSet } from './aging.set.js';

/** Stamps that are not to run: names of headers, and values of each. */
const MOST_STAMPS = 10_000;

/** Tasks that are not to run: by their ids, the ids of their workflows' roots, and their stamps. Bounded. */
export class RevokedTasks {
  readonly #ids: AgingSet;
  readonly #roots: AgingSet;
  readonly #stamps = new Map<string, Set<string>>();
  readonly #listeners: (() => void)[] = [];
  #stamped = 0;

  constructor(clock: Clock) {
    this.#ids = new AgingSet(clock);
    this.#roots = new AgingSet(clock);
  }

  /** Calls back after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** @param ageMs how long ago it was revoked */
  add(taskId: string, ageMs = 0): void {
    this.#ids.add(taskId, ageMs);
    this.#changed();
  }

  has(taskId: string): boolean {
    return this.#ids.has(taskId);
  }

  /** Every task of a workflow, also those that are sent later. @param rootId the id of its first task */
  addRoot(rootId: string, ageMs = 0): void {
    this.#roots.add(rootId, ageMs);
    this.#changed();
  }

  /** Tasks with such a stamp. False: too many are kept already. */
  addStamp(header: string, value: string): boolean {
    const values = this.#stamps.get(header) ?? new Set();
    if (values.has(value)) return true;
    if (this.#stamped >= MOST_STAMPS) return false;
    this.#stamped += 1;
    this.#stamps.set(header, values.add(value));
    this.#changed();
    return true;
  }

  covers({ id, rootId, stamps }: Pick<TaskMessage, 'id' | 'rootId' | 'stamps'>): boolean {
    return this.#ids.has(id) || this.#roots.has(rootId) || (this.#stamped > 0 && this.#coversStamp(stamps));
  }

  /** Ids, the latest first, with their ages. */
  latest(): Iterable<readonly [taskId: string, ageMs: number]> {
    return this.#ids.latest();
  }

  latestRoots(): Iterable<readonly [rootId: string, ageMs: number]> {
    return this.#roots.latest();
  }

  get stamps(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.#stamps].map(([header, values]) => [header, [...values]]));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #coversStamp(stamps: TaskMessage['stamps']): boolean {
    for (const [header, values] of this.#stamps) {
      const stamped = stamps[header];
      const each: readonly unknown[] = Array.isArray(stamped) ? stamped : [stamped];
      if (each.some((value) => typeof value === 'string' && values.has(value))) return true;
    }
    return false;
  }
}
