/** Something that can be aborted; the controller behind it is made when someone first asks for the signal. */
export class LazyAbort {
  #controller: AbortController | undefined;
  #aborted = false;
  #reason: unknown;

  /** @param onFirstLook called once, before the signal is handed out: the place to listen for what else aborts it */
  constructor(private readonly onFirstLook?: (abort: LazyAbort) => void) {}

  /** Bound, so that it can be handed on alone. */
  readonly signal = (): AbortSignal => {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.onFirstLook?.(this);
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  };

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Undefined until aborted. */
  get reason(): unknown {
    return this.#reason;
  }

  /** The first reason stays. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
