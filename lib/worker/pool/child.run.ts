import type { Outcome } from '../outcome.js';
import type { Request } from '../request.js';
import type { CargoHold } from './cargo.js';
import type { Requests } from './pool.js';
import type { RunItem, RunOrder } from './protocol.js';

/** One run of a child pool, from the line to its outcomes. */
export class ChildRun {
  #settle!: (outcomes: readonly Outcome[]) => void;
  readonly outcomes = new Promise<readonly Outcome[]>((resolve) => (this.#settle = resolve));
  #stopListening = (): void => undefined;

  constructor(
    /** Counted within the pool. */
    readonly number: number,
    readonly requests: Requests,
    private readonly onStarted: () => void,
  ) {}

  order(hold: CargoHold): RunOrder {
    return { kind: 'run', run: this.number, items: this.requests.map((request) => itemOf(request, hold)) };
  }

  /** It has been handed over. @param abort tells the child that the signal of one of its requests is aborted */
  begin(abort: (item: number, reason: unknown) => void): void {
    this.onStarted();
    const listening = new AbortController();
    this.#stopListening = () => listening.abort();
    for (const [item, request] of this.requests.entries()) {
      const signal = request.abort.signal();
      const onAbort = (): void => abort(item, signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true, signal: listening.signal });
    }
  }

  /** Each request ended by itself, in their order. Later ends change nothing. */
  end(ends: readonly { readonly outcome: Outcome; readonly children: readonly unknown[] }[]): void {
    this.#stopListening();
    for (const [item, request] of this.requests.entries())
      request.children.push(...(ends[item]?.children ?? []));
    this.#settle(ends.map(({ outcome }) => outcome));
  }

  /** All of them ended so. */
  endAll(outcome: Outcome): void {
    this.end(this.requests.map(() => ({ outcome, children: [] })));
  }
}

function itemOf({ delivery, ackedEarly, message: task }: Request, hold: CargoHold): RunItem {
  const { queue, exchange, routingKey, redelivered, message } = delivery;
  const from = { queue, exchange, routingKey, redelivered };
  const inside = message.body.length === 0 ? hold.load(task) : undefined;
  return { message: hold.loadMessage(message), inside, from, ackedEarly };
}
