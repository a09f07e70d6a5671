import type { Clock } from '../runtime/clock.js';
import type { Request } from './request.js';
import type { TaskObserver } from './task.observer.js';

/** When tasks began, and how many did, by name: what `inspect` shows. */
export class StartedTasks implements TaskObserver {
  readonly #since = new WeakMap<Request, number>();
  readonly #totals = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Since the start of the worker. */
  get totals(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#totals);
  }

  /** Epoch ms; undefined before it began. */
  sinceMs(request: Request): number | undefined {
    return this.#since.get(request);
  }

  received(): void {}

  started(request: Request): void {
    const { name } = request.definition;
    this.#since.set(request, this.clock.now());
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + 1);
  }

  ended(): void {}

  unknown(): void {}
}
