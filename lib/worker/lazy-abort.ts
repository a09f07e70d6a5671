import { ownerNow, runAsIfWatched, type Owner } from '../runtime/owner.js';

/** Something that can be aborted; the controller behind it is made when someone first asks for the signal. */
export class LazyAbort {
  #controller: AbortController | undefined;
  /** Who looked first: what their listeners throw is theirs. */
  #owner: Owner | undefined;
  #aborted = false;
  #reason: unknown;

  /** @param onFirstLook called once, before the signal is handed out: the place to listen for what else aborts it */
  constructor(private readonly onFirstLook?: (abort: LazyAbort) => void) {}

  /** Bound, so that it can be handed on alone. */
  readonly signal = (): AbortSignal => {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#owner = ownerNow();
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
    const tell = (): void => this.#controller?.abort(reason);
    if (this.#owner === undefined) tell();
    else runAsIfWatched(this.#owner, tell);
  }
}
