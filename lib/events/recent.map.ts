/** A map that holds the latest `most` of what was put into it. */
export class RecentMap<V> {
  readonly #values = new Map<string, V>();

  constructor(private readonly most: number) {}

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Now the latest. What was put longest ago makes room. */
  put(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.most) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }

  /** Latest first. */
  all(): V[] {
    return [...this.#values.values()].reverse();
  }
}
