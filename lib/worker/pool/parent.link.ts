import type { TaskMeta, Unwatch } from '../../backend/result-backend.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Cargo, CargoHold } from './cargo.js';
import { openParentPort, type ParentPort } from './parent.port.js';
import type { Ask, RunOrder, ToChild } from './protocol.js';
import { fromThrown, type Thrown } from './thrown.js';

/** What the parent orders; the child's server obeys. */
export interface Orders {
  run(order: RunOrder): void;
  abort(run: number, item: number, reason: Thrown): void;
  stop(): void;
}

/** A child's conversation with its parent: questions with their answers, watches, and orders. */
export class ParentLink {
  readonly #waiting = new Map<number, Waiting>();
  readonly #watches = new Map<number, Watch>();
  #orders: Orders | undefined;
  /** What came before someone was there to obey. */
  readonly #early: ToChild[] = [];
  #count = 0;

  constructor(
    readonly port: ParentPort,
    readonly hold: CargoHold,
  ) {
    port.listen((message) => this.#heard(message));
  }

  obey(orders: Orders): void {
    this.#orders = orders;
    for (const message of this.#early.splice(0)) this.#heard(message);
  }

  /** Has the parent do something. Rejects with what it threw there. */
  call(ask: Ask): Promise<unknown> {
    this.#count += 1;
    const call = this.#count;
    return new Promise((resolve, reject) => {
      this.port.send({ kind: 'call', call, ask });
      this.#waiting.set(call, { resolve, reject });
    });
  }

  watch(taskId: string, onMeta: (meta: TaskMeta) => void, onUnreadable?: (error: Error) => void): Unwatch {
    this.#count += 1;
    const watch = this.#count;
    this.#watches.set(watch, { onMeta, onUnreadable });
    this.port.send({ kind: 'watch', watch, taskId });
    return () => {
      if (this.#watches.delete(watch)) this.port.send({ kind: 'unwatch', watch });
    };
  }

  #heard(message: ToChild): void {
    switch (message.kind) {
      case 'answer':
        return this.#answered(message.call, message.value);
      case 'refusal':
        return this.#take(message.call)?.reject(fromThrown(message.error));
      case 'seen':
        return this.#watches.get(message.watch)?.onMeta(this.hold.unload(message.meta) as TaskMeta);
      case 'unreadable': {
        const error = fromThrown(message.error);
        if (error instanceof Error) this.#watches.get(message.watch)?.onUnreadable?.(error);
        return;
      }
      case 'run':
      case 'abort':
      case 'stop':
        return this.#obey(message);
      default:
        return unreachable(message);
    }
  }

  #obey(message: Extract<ToChild, { readonly kind: 'run' | 'abort' | 'stop' }>): void {
    if (this.#orders === undefined) return void this.#early.push(message);
    switch (message.kind) {
      case 'run':
        return this.#orders.run(message);
      case 'abort':
        return this.#orders.abort(message.run, message.item, message.reason);
      case 'stop':
        return this.#orders.stop();
      default:
        return unreachable(message);
    }
  }

  #answered(call: number, value: Cargo): void {
    const waiting = this.#take(call);
    try {
      waiting?.resolve(this.hold.unload(value));
    } catch (error) {
      waiting?.reject(error);
    }
  }

  #take(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }
}

/** Undefined in a process or thread that is no child of this app's pools. */
export function linkTo(app: string, hold: CargoHold): ParentLink | undefined {
  const port = openParentPort();
  return port?.mark.app === app ? new ParentLink(port, hold) : undefined;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Watch {
  readonly onMeta: (meta: TaskMeta) => void;
  readonly onUnreadable: ((error: Error) => void) | undefined;
}
