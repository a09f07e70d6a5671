import type { Clock, Timer } from '../../runtime/clock.js';

interface Entry<T> {
  readonly dueMs: number;
  /** Tells apart what is due at the same time: first noted, first done. */
  readonly order: number;
  readonly item: T;
}

/** Things to be done at their times: a binary heap with one timer, however many there are. */
export class Agenda<T> {
  readonly #heap: Entry<T>[] = [];
  #noted = 0;
  #timer: Timer | undefined;

  constructor(
    readonly clock: Clock,
    readonly due: (item: T) => void,
  ) {}

  get size(): number {
    return this.#heap.length;
  }

  /** `due(item)` will be called at `dueMs` (epoch ms): not before, and not from within this call. */
  note(dueMs: number, item: T): void {
    const entry = { dueMs, order: this.#noted, item };
    this.#noted += 1;
    this.#rise(this.#heap.push(entry) - 1);
    if (this.#heap[0] === entry) this.#arm();
  }

  clear(): void {
    this.#heap.length = 0;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer?.cancel();
    const first = this.#heap[0];
    if (first === undefined) return;
    this.#timer = this.clock.after(first.dueMs - this.clock.now(), () => this.#work());
  }

  #work(): void {
    for (
      let first = this.#heap[0];
      first !== undefined && first.dueMs <= this.clock.now();
      first = this.#heap[0]
    ) {
      this.#removeFirst();
      this.due(first.item);
    }
    this.#arm();
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0 && this.#earlier(at, (at - 1) >> 1)) {
      this.#swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const child = this.#earlier(left + 1, left) ? left + 1 : left;
      if (!this.#earlier(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  /** False when `a` is beyond the end. */
  #earlier(a: number, b: number): boolean {
    const one = this.#heap[a];
    const other = this.#heap[b];
    if (one === undefined || other === undefined) return false;
    return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const one = this.#heap[a] as Entry<T>;
    this.#heap[a] = this.#heap[b] as Entry<T>;
    this.#heap[b] = one;
  }
}
