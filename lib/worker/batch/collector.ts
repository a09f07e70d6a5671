import type { Clock, Timer } from '../../runtime/clock.js';
import type { Slots } from '../../runtime/slots.js';
import type { BatchConfig } from '../../task/batch.options.js';
import type { Request } from '../request.js';

export interface CollectorDeps {
  /** The places of the pool that a request runs in: a batch takes one. */
  readonly slotsOf: (request: Request) => Slots;
  /** A batch has its place. Between one request and `size`. */
  readonly onGranted: (batch: readonly Request[]) => void;
  readonly clock: Clock;
}

/**
 * Gathers the requests of batch tasks, by task, until there are enough of them or the first has waited for long enough. While
 * a batch waits for a place it still takes in what comes, up to its size.
 */
export class Collector {
  readonly #gathering = new Map<string, Gathering>();

  constructor(private readonly deps: CollectorDeps) {}

  add(request: Request, { size, waitMs }: BatchConfig): void {
    const { name } = request.definition;
    const gathering = this.#gathering.get(name) ?? this.#begin(name, request, waitMs);
    gathering.requests.push(request);
    if (gathering.requests.length < size) return;
    this.#gathering.delete(name);
    this.#askPlace(name, gathering);
  }

  /** Lets go of all that is gathered; what waits for a place already is the caller's to refuse. */
  clear(): void {
    for (const { timer } of this.#gathering.values()) timer.cancel();
    this.#gathering.clear();
  }

  #begin(name: string, first: Request, waitMs: number): Gathering {
    const { clock, slotsOf } = this.deps;
    const timer = clock.after(waitMs, () => this.#askPlace(name, gathering));
    const gathering: Gathering = { requests: [], slots: slotsOf(first), timer, asked: false };
    this.#gathering.set(name, gathering);
    return gathering;
  }

  #askPlace(name: string, gathering: Gathering): void {
    gathering.timer.cancel();
    if (gathering.asked) return;
    gathering.asked = true;
    gathering.slots.take(() => {
      if (this.#gathering.get(name) === gathering) this.#gathering.delete(name);
      this.deps.onGranted(gathering.requests);
    });
  }
}

interface Gathering {
  readonly requests: Request[];
  readonly slots: Slots;
  readonly timer: Timer;
  /** It waits for a place, or has one. */
  asked: boolean;
}
