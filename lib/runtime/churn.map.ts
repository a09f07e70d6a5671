/** Entries taken out before a new map is begun, beyond as many as are left. */
const SPARE = 32;

/**
 * A map, in the order of insertion, for entries that come and go by the thousand. A `Map` leaves behind the tables it has
 * outgrown, each with its entries of that time and a link to the next one. Once one of them is old, V8 keeps all that follow
 * until its next full collection: whatever passes through is moved to the old space. This one begins a new `Map` now and
 * then, to which nothing of the last one leads.
 */
export class ChurnMap<K, V> {
  #map = new Map<K, V>();
  #gone = 0;

  get size(): number {
    return this.#map.size;
  }

  /** The oldest entry. Undefined: there is none. */
  get first(): readonly [K, V] | undefined {
    return this.#map.entries().next().value;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  /** @returns whether it was there */
  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false;
    this.#gone += 1;
    if (this.#gone > this.#map.size + SPARE) {
      this.#map = new Map(this.#map);
      this.#gone = 0;
    }
    return true;
  }

  clear(): void {
    this.#map = new Map();
    this.#gone = 0;
  }

  /** Those of now; one that is taken out before its turn is left out. */
  *keys(): IterableIterator<K> {
    for (const key of Array.from(this.#map.keys())) if (this.#map.has(key)) yield key;
  }

  /** As `keys`. */
  *values(): IterableIterator<V> {
    for (const [key, value] of Array.from(this.#map)) if (this.#map.has(key)) yield value;
  }
}
