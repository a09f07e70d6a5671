/** Celery's logical clock: orders what happens on several machines, whatever their wall clocks say. */
export class LamportClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Before something is told to others; the value to tell. */
  forward(): number {
    this.#value += 1;
    return this.#value;
  }

  /** After something was heard. What is no clock, or so large that it would stop the counting, is let pass. */
  adjust(heard: unknown): void {
    if (typeof heard !== 'number' || !Number.isSafeInteger(heard) || heard > LARGEST) return;
    this.#value = Math.max(this.#value, heard) + 1;
  }
}

/** Far from where numbers cease to be exact. No fleet gets there. */
const LARGEST = 2 ** 50;
