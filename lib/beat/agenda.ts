interface Appointment {
  readonly name: string;
  readonly atMs: number;
}

/** Names by the time they are due: a binary heap in which a name that was set again leaves its old place behind. */
export class Agenda {
  readonly #heap: Appointment[] = [];
  readonly #current = new Map<string, Appointment>();

  get size(): number {
    return this.#current.size;
  }

  /** ms since the epoch; undefined: nothing is planned. */
  get nextMs(): number | undefined {
    this.#dropStale();
    return this.#heap[0]?.atMs;
  }

  set(name: string, atMs: number): void {
    const appointment = { name, atMs };
    this.#current.set(name, appointment);
    this.#push(appointment);
    // Entries that are set again and again, far ahead, leave much behind.
    if (this.#heap.length > 64 + 4 * this.#current.size) this.#rebuild();
  }

  delete(name: string): void {
    this.#current.delete(name);
  }

  clear(): void {
    this.#heap.length = 0;
    this.#current.clear();
  }

  /** Takes out the first name that is due by then. */
  takeDue(nowMs: number): string | undefined {
    this.#dropStale();
    const [first] = this.#heap;
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.#pop();
    this.#current.delete(first.name);
    return first.name;
  }

  #dropStale(): void {
    for (let [first] = this.#heap; first !== undefined; [first] = this.#heap) {
      if (this.#current.get(first.name) === first) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap.length = 0;
    for (const appointment of this.#current.values()) this.#push(appointment);
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.atMs <= appointment.atMs) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = appointment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const smaller =
        (heap[right]?.atMs ?? Number.POSITIVE_INFINITY) < (heap[left]?.atMs ?? Number.POSITIVE_INFINITY)
          ? right
          : left;
      const child = heap[smaller];
      if (child === undefined || child.atMs >= last.atMs) break;
      heap[place] = child;
      place = smaller;
    }
    heap[place] = last;
  }
}
