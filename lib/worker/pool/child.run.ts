import type { Outcome } from '../outcome.js';
import type { Request } from '../request.js';
import type { CargoHold } from './cargo.js';
import type { RunOrder } from './protocol.js';

/** One run of a child pool, from the line to its outcome. */
export class ChildRun {
  #settle!: (outcome: Outcome) => void;
  readonly outcome = new Promise<Outcome>((resolve) => (this.#settle = resolve));
  #stopListening = (): void => undefined;

  constructor(
    /** Counted within the pool. */
    readonly number: number,
    readonly request: Request,
    private readonly onStarted: () => void,
  ) {}

  order(hold: CargoHold): RunOrder {
    const { delivery, ackedEarly, message: task } = this.request;
    const { queue, exchange, routingKey, redelivered, message } = delivery;
    const from = { queue, exchange, routingKey, redelivered };
    const inside = message.body.length === 0 ? hold.load(task) : undefined;
    return { kind: 'run', run: this.number, message: hold.loadMessage(message), inside, from, ackedEarly };
  }

  /** It has been handed over. @param abort tells the child that the handler's signal is aborted */
  begin(abort: (reason: unknown) => void): void {
    this.onStarted();
    const signal = this.request.abort.signal();
    const onAbort = (): void => abort(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', onAbort);
  }

  /** Later ends change nothing. */
  end(outcome: Outcome, children: readonly unknown[]): void {
    this.#stopListening();
    this.request.children.push(...children);
    this.#settle(outcome);
  }
}
