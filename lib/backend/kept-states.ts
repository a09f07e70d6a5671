export interface KeptLimits {
  readonly maxStates: number;
  readonly maxBytes: number;
}

/** States by task id, in the order in which they were last set. Bounded: the oldest go first. */
export class KeptStates<T> {
  readonly #kept = new Map<string, { readonly state: T; readonly bytes: number }>();
  #bytes = 0;

  constructor(private readonly limits: KeptLimits) {}

  get(taskId: string): T | undefined {
    return this.#kept.get(taskId)?.state;
  }

  /** @param bytes what the state takes, for the limit */
  set(taskId: string, state: T, bytes: number): void {
    this.delete(taskId);
    this.#kept.set(taskId, { state, bytes });
    this.#bytes += bytes;
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= this.limits.maxStates && this.#bytes <= this.limits.maxBytes) return;
      this.delete(oldest);
    }
  }

  delete(taskId: string): void {
    this.#bytes -= this.#kept.get(taskId)?.bytes ?? 0;
    this.#kept.delete(taskId);
  }

  /** Drops from the oldest on, up to the first that `isStale` refuses. */
  dropWhile(isStale: (state: T) => boolean): void {
    for (const [taskId, { state }] of this.#kept) {
      if (!isStale(state)) return;
      this.delete(taskId);
    }
  }
}
