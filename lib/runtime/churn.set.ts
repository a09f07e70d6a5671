import { ChurnMap } from './churn.map.js';

/** A set, in the order of insertion, for members that come and go by the thousand: see `ChurnMap`. */
export class ChurnSet<T> implements Iterable<T> {
  readonly #members = new ChurnMap<T, undefined>();

  get size(): number {
    return this.#members.size;
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  add(member: T): void {
    this.#members.set(member, undefined);
  }

  /** @returns whether it was there */
  delete(member: T): boolean {
    return this.#members.delete(member);
  }

  clear(): void {
    this.#members.clear();
  }

  /** Those of now; one that is taken out before its turn is left out. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.keys();
  }
}
