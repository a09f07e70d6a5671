import { Deque } from './deque.js';

/** A counted number of places, which may change; whoever finds none waits in line. */
export class Slots {
  #size: number;
  #busy = 0;
  readonly #line = new Deque<() => void>();

  constructor(size: number) {
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get busy(): number {
    return this.#busy;
  }

  /** Callers that wait for a place. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Takes a place now if one is free. */
  tryTake(): boolean {
    if (this.#busy >= this.#size) return false;
    this.#busy += 1;
    return true;
  }

  /** Calls `granted` once a place is this caller's: at once if one is free. First come, first served. */
  take(granted: () => void): void {
    if (this.tryTake()) granted();
    else this.#line.push(granted);
  }

  /** Gives a place back, to the next in line if there is one. */
  release(): void {
    this.#busy -= 1;
    this.#serve();
  }

  /** New places are given to those in line at once; taken ones that are too many go as they are given back. */
  resize(size: number): void {
    this.#size = size;
    this.#serve();
  }

  #serve(): void {
    while (this.#line.size > 0 && this.tryTake()) this.#line.shift()?.();
  }
}
