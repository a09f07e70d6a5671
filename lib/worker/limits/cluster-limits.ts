import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { TaskMessage } from '../../message/task-message.js';
import type { RateLimit } from '../../task/limit.options.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import { printable } from '../printable.js';
import type { Request } from '../request.js';
import { ClosedLines } from './closed.lines.js';
import { countedBy } from './limit-key.js';
import { spread } from './rate-bucket.js';
import { LEASE_MS, type Answer, type LimitStore, type Wish } from './limit-store.js';

/** What a wish is made of. */
export interface Limited {
  readonly message: TaskMessage;
  readonly definition: TaskDefinition;
}

interface Inside {
  readonly wish: Wish;
  readonly sinceMs: number;
}

/** The limits that hold for all workers together, for the requests of this one. */
export class ClusterLimits {
  readonly #owner = randomUUID();
  #permits = 0;
  /** Those that have a permit. */
  readonly #inside = new Map<Request, Inside>();
  readonly #closed: ClosedLines;
  /** What the store is being told. */
  readonly #telling = new Set<Promise<void>>();
  #renewal: Timer | undefined;
  #stopped = false;
  #away = false;

  constructor(
    private readonly store: LimitStore,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#closed = new ClosedLines(clock);
  }

  /**
   * Undefined: it has no such limit.
   * @throws LimitKeyError
   */
  wishOf({ message, definition }: Limited, rateLimit: RateLimit | undefined): Wish | undefined {
    const { concurrency } = definition.config;
    const rate = rateLimit?.scope === 'cluster' ? rateLimit : undefined;
    if (rate === undefined && concurrency === undefined) return undefined;
    const countedAs = (option: 'rateLimit' | 'concurrency', key: NonNullable<typeof rate>['key']) =>
      countedBy(definition, option, key, message);
    return {
      ticket: `${message.id}:${message.retries}`,
      permit: `${this.#owner}:${(this.#permits += 1)}`,
      rate: rate && {
        key: countedAs('rateLimit', rate.key),
        intervalMs: rate.intervalMs,
        burst: rate.burst,
      },
      concurrency: concurrency && {
        key: countedAs('concurrency', concurrency.key),
        max: concurrency.max,
      },
    };
  }

  /** Undefined: the store is away. Never rejects. */
  async ask(request: Request, wish: Wish): Promise<Answer | undefined> {
    try {
      const answer = await this.store.ask(wish);
      this.#away = false;
      this.#closed.note(wish, answer);
      if (answer.answer === 'go' && wish.concurrency !== undefined) this.#enter(request, wish);
      return answer;
    } catch (error) {
      if (!this.#away)
        this.log.warn(`Limits cannot be asked, what is under them waits: ${printable(String(error))}`);
      this.#away = true;
      // It may have been granted.
      if (wish.concurrency !== undefined) this.#tell(this.store.leave(wish, undefined));
      return undefined;
    }
  }

  /**
   * What `ask` would answer for a message that nobody has taken; at once when the line is known to be long.
   * @throws as `LimitStore.ask`
   */
  async promise(wish: Wish, random: number): Promise<Answer> {
    const closed = this.#closed.by(wish);
    return closed === undefined ? this.store.promise(wish) : { answer: closed, waitMs: spread(random) };
  }

  /** Its message was put away under this mark. */
  lineUp(wish: Wish, mark: string): void {
    this.#tell(this.store.lineUp(wish, mark));
  }

  /** The request is no longer this worker's: its permit is free again, if it has one. */
  leave(request: Request): void {
    const inside = this.#inside.get(request);
    if (inside === undefined) return;
    this.#inside.delete(request);
    this.#tell(this.store.leave(inside.wish, this.clock.monotonicMs() - inside.sinceMs));
  }

  /** It will not run: what was kept for it is others'. */
  forget(wish: Wish): void {
    this.#tell(this.store.forget(wish));
  }

  /** Resolves when the store was told everything. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#renewal?.cancel();
    while (this.#telling.size > 0) await Promise.all(this.#telling);
  }

  #enter(request: Request, wish: Wish): void {
    this.#inside.set(request, { wish, sinceMs: this.clock.monotonicMs() });
    if (this.#renewal === undefined) this.#renewLater();
  }

  #renewLater(): void {
    if (this.#stopped) return;
    this.#renewal = this.clock.after(LEASE_MS / 3, () => {
      this.#renewal = undefined;
      if (this.#inside.size === 0) return;
      this.#tell(this.store.renew([...this.#inside.values()].map(({ wish }) => wish)));
      this.#renewLater();
    });
  }

  /** What it cannot be told, it finds out by itself: permits end, and messages come back when they are due. */
  #tell(telling: Promise<void>): void {
    const told = telling
      .catch((error: unknown) => this.log.debug(`Limits could not be told: ${printable(String(error))}`))
      .finally(() => this.#telling.delete(told));
    this.#telling.add(told);
  }
}
