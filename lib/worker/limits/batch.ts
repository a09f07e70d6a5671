interface Pending<T, R> {
  readonly item: T;
  readonly settle: (result: R) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Asks together what is asked in one turn of the event loop, and what is asked while an answer is still to come: the busier,
 * the larger the batches.
 */
export class Batch<T, R> {
  #pending: Pending<T, R>[] = [];
  #busy = false;

  /** @param send answers in the order of the items */
  constructor(
    private readonly most: number,
    private readonly send: (items: readonly T[]) => Promise<readonly R[]>,
  ) {}

  add(item: T): Promise<R> {
    return new Promise((settle, fail) => {
      this.#pending.push({ item, settle, fail });
      if (this.#busy) return;
      this.#busy = true;
      queueMicrotask(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    while (this.#pending.length > 0) await this.#ask(this.#pending.splice(0, this.most));
    this.#busy = false;
  }

  async #ask(some: readonly Pending<T, R>[]): Promise<void> {
    try {
      const results = await this.send(some.map(({ item }) => item));
      // One answer for each, in order.
      for (const [index, { settle }] of some.entries()) settle(results[index] as R);
    } catch (error) {
      for (const { fail } of some) fail(error);
    }
  }
}
