const SMALLEST = 16;

/** A line that is entered and left at either end, each step O(1): a ring that doubles when full. */
export class Deque<T> implements Iterable<T> {
  #ring = emptyRing<T>(SMALLEST);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Counted from the front; undefined beyond the end. */
  at(index: number): T | undefined {
    return index < this.#size ? this.#ring[this.#at(index)] : undefined;
  }

  push(item: T): void {
    this.#makeRoom();
    this.#ring[this.#at(this.#size)] = item;
    this.#size += 1;
  }

  pushFront(item: T): void {
    this.#makeRoom();
    this.#head = this.#at(-1);
    this.#ring[this.#head] = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = this.#at(1);
    this.#size -= 1;
    // A queue that was once long gives its memory back when it has run empty.
    if (this.#size === 0 && this.#ring.length > 4_096) this.clear();
    return item;
  }

  pop(): T | undefined {
    if (this.#size === 0) return undefined;
    const last = this.#at(this.#size - 1);
    const item = this.#ring[last];
    this.#ring[last] = undefined;
    this.#size -= 1;
    return item;
  }

  clear(): void {
    this.#ring = emptyRing(SMALLEST);
    this.#head = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = 0; index < this.#size; index += 1) yield this.#ring[this.#at(index)] as T;
  }

  /** Ring lengths are powers of two, so the remainder is a mask, also for -1. */
  #at(offset: number): number {
    return (this.#head + offset) & (this.#ring.length - 1);
  }

  #makeRoom(): void {
    if (this.#size < this.#ring.length) return;
    const items = [...this];
    this.#ring = [...items, ...emptyRing<T>(items.length)];
    this.#head = 0;
  }
}

function emptyRing<T>(length: number): (T | undefined)[] {
  return Array.from({ length });
}
