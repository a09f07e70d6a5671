import type { ChordStore } from '../../backend/chord-store.js';
import type { ResultBackend, Unwatch } from '../../backend/result-backend.js';
import type { Broker, PublishOptions, PublishTarget } from '../../broker/broker.js';
import { NoResultBackendError, UnsupportedError } from '../../errors.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { CargoHold } from './cargo.js';
import type { Ask, FromChild, ToChild } from './protocol.js';
import { toThrown } from './thrown.js';

export interface ChildServicesDeps {
  readonly broker: Broker;
  readonly backend: ResultBackend | undefined;
  readonly hold: CargoHold;
}

/** Does in the parent what one child asks for. */
export class ChildServices {
  readonly #watches = new Map<number, Unwatch>();

  constructor(
    private readonly deps: ChildServicesDeps,
    private readonly answer: (message: ToChild) => void,
  ) {}

  heard(message: Extract<FromChild, { readonly kind: 'call' | 'watch' | 'unwatch' }>): void {
    switch (message.kind) {
      case 'call':
        return void this.#call(message.call, message.ask);
      case 'watch':
        return this.#watch(message.watch, message.taskId);
      case 'unwatch':
        this.#watches.get(message.watch)?.();
        this.#watches.delete(message.watch);
        return;
      default:
        return unreachable(message);
    }
  }

  /** The child has gone. */
  close(): void {
    for (const unwatch of this.#watches.values()) unwatch();
    this.#watches.clear();
  }

  async #call(call: number, ask: Ask): Promise<void> {
    try {
      const value = this.deps.hold.load(await this.#do(ask));
      this.answer({ kind: 'answer', call, value });
    } catch (error) {
      this.answer({ kind: 'refusal', call, error: toThrown(error) });
    }
  }

  async #do(ask: Ask): Promise<unknown> {
    const { broker, hold } = this.deps;
    switch (ask.what) {
      case 'publish':
        return broker.publish(
          hold.unload(ask.target) as PublishTarget,
          hold.unloadMessage(ask.message),
          hold.unload(ask.options) as PublishOptions | undefined,
        );
      case 'backend':
        return this.#method(this.#backend(), ask);
      case 'chords':
        return this.#method(this.#chords(), ask);
      default:
        return unreachable(ask);
    }
  }

  async #method(
    target: object,
    { method, args }: Extract<Ask, { readonly method: string }>,
  ): Promise<unknown> {
    const called: unknown = Reflect.get(target, method);
    if (typeof called !== 'function') throw new UnsupportedError(method, 'this result backend has it not');
    return called.apply(
      target,
      args.map((each) => this.deps.hold.unload(each)),
    );
  }

  #watch(watch: number, taskId: string): void {
    const unreadable = (error: unknown): void =>
      this.answer({ kind: 'unreadable', watch, error: toThrown(error) });
    const unwatch = this.#backend().watch(
      taskId,
      (meta) => {
        try {
          this.answer({ kind: 'seen', watch, meta: this.deps.hold.load(meta) });
        } catch (error) {
          unreadable(error);
        }
      },
      unreadable,
    );
    this.#watches.set(watch, unwatch);
  }

  #backend(): ResultBackend {
    if (this.deps.backend === undefined) throw new NoResultBackendError();
    return this.deps.backend;
  }

  #chords(): ChordStore {
    const { chords } = this.#backend();
    if (chords === undefined)
      throw new UnsupportedError('A chord', 'this result backend cannot count its parts');
    return chords;
  }
}
