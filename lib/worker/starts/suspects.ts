import type { Log } from '../../runtime/logger.js';
import { PoisonPill } from '../../task/task.signals.js';
import { acknowledgementOf } from '../acknowledgement.js';
import { ABANDONED, type Outcome } from '../outcome.js';
import { printable } from '../printable.js';
import type { Request } from '../request.js';
import { errorText } from '../task.log.js';
import type { StartStore } from './start-store.js';

export interface SuspectsDeps {
  /** Undefined: nothing is counted. */
  readonly store: StartStore | undefined;
  /** Starts of a message; 0: no limit. */
  readonly most: number;
  readonly log: Log;
}

/**
 * Finds the tasks that kill their workers. What was merely taken, or ran beside such a task, came back with it and is
 * innocent; so starts are counted, not deliveries, and what has died with its worker twice runs beside no other such task of
 * this process: the next death then counts against one of them.
 */
export class Suspects {
  /** Begun, and counted; what lets the next of the line begin. */
  readonly #begun = new Map<Request, () => void>();
  #line: Promise<void> = Promise.resolve();

  constructor(private readonly deps: SuspectsDeps) {}

  /** Its worker may have died over it. Most tasks never come back, and cost nothing here. */
  covers({ delivery, definition }: Request): boolean {
    const { store, most } = this.deps;
    return delivery.redelivered && definition.config.acksLate && most > 0 && store !== undefined;
  }

  /**
   * Counts one that is covered; resolves when it may begin.
   * @param together one of a batch: it waits for nobody
   * @returns its end, where it has begun too often
   */
  async begin(request: Request, together: boolean): Promise<Outcome | undefined> {
    const { store, most } = this.deps;
    if (store === undefined) return undefined;
    const { id } = request;
    try {
      const isAlone = !together && (await store.startsOf(id)) >= BESIDE_OTHERS;
      if (isAlone) await this.#turnOf(request);
      else this.#begun.set(request, NOTHING);
      // Lost while it waited.
      if (request.lost) return ABANDONED;
      if (request.abort.aborted) return undefined;
      const starts = await store.begun(id);
      if (starts < most) return undefined;
      return { kind: 'failed', error: new PoisonPill(most), runtimeMs: 0 };
    } catch (error) {
      this.#trouble(request, error);
      return undefined;
    }
  }

  /** To be told of each request, once it has been settled. @param outcome undefined: nobody knows */
  ended(request: Request, outcome: Outcome | undefined): void {
    const next = this.#begun.get(request);
    if (next === undefined) return;
    this.#begun.delete(request);
    next();
    if (outcome !== undefined && isDeath(outcome, request)) return;
    this.deps.store?.forget(request.id).catch((error: unknown) => this.#trouble(request, error));
  }

  async #turnOf(request: Request): Promise<void> {
    const before = this.#line;
    this.#line = new Promise((resolve) => void this.#begun.set(request, resolve));
    await before;
  }

  #trouble({ label }: Request, error: unknown): void {
    this.deps.log.warn(`The starts of ${label} could not be counted: ${printable(errorText(error))}`);
  }
}

/** Its pool's child died, or had to be killed, and it goes back to its queue; or another worker has it. */
function isDeath(outcome: Outcome, { definition: { config } }: Request): boolean {
  const { kind } = outcome;
  if (kind === 'abandoned') return true;
  return (kind === 'workerLost' || kind === 'failed') && acknowledgementOf(outcome, config) === 'requeue';
}

/** Starts that count while others run beside it. */
const BESIDE_OTHERS = 1;
const NOTHING = (): void => undefined;
