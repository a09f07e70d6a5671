import { NotRegistered, UnsupportedError } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { Service } from '../../runtime/service.js';
import { unreachable } from '../../runtime/unreachable.js';
import { readRate, type RateLimit } from '../../task/limit.options.js';
import type { TaskMessage } from '../../message/task-message.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import type { Request } from '../request.js';
import { ClusterLimits } from './cluster-limits.js';
import type { LimitStore, Wish } from './limit-store.js';
import { WorkerRates } from './worker-rates.js';

export interface LimitsDeps {
  readonly tasks: {
    get(name: string): TaskDefinition | undefined;
    nearest(name: string): string | undefined;
    all(): Iterable<TaskDefinition>;
  };
  /** Undefined: there is nowhere to count for all workers. */
  readonly store: LimitStore | undefined;
  /** Where the broker is, for errors. */
  readonly url: string;
  readonly clock: Clock;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
  readonly log: Log;
}

/** May this request go for a slot? */
export type Entry =
  | { readonly enter: 'now' }
  /** It is to wait here, and to ask again then. */
  | { readonly enter: 'held'; readonly waitMs: number }
  /** It is to be put away in the broker, and to ask again then. */
  | { readonly enter: 'parked'; readonly waitMs: number; readonly onParked?: (() => void) | undefined }
  /** It can never go. */
  | { readonly enter: 'never'; readonly error: unknown };

/** What becomes of a message that nobody has taken. */
export interface Line {
  readonly waitMs: number;
  /** It was put away under this mark. */
  readonly lineUp: ((mark: string) => void) | undefined;
}

/** Keeps requests to the limits of their tasks, before they take a slot. */
export class Limits implements Service {
  readonly name = 'limits';
  readonly #rates: WorkerRates;
  readonly #cluster: ClusterLimits | undefined;
  /** Set at run time, by task name. */
  readonly #changed = new Map<string, RateLimit | undefined>();

  constructor(private readonly deps: LimitsDeps) {
    const { store, clock, random, log } = deps;
    this.#rates = new WorkerRates(clock, random);
    this.#cluster = store && new ClusterLimits(store, clock, log);
  }

  /** @throws UnsupportedError where a task has a limit for all workers and nothing can count for them */
  async start(): Promise<void> {
    if (this.#cluster !== undefined) return;
    for (const { name, config } of this.deps.tasks.all()) {
      if (config.concurrency === undefined && config.rateLimit?.scope !== 'cluster') continue;
      throw new UnsupportedError(
        `A limit of ${name} for all workers on ${this.deps.url}`,
        "there is nothing to count in. Use a Redis result backend, or a rate for each worker such as '10/s'.",
      );
    }
  }

  async stop(): Promise<void> {
    await this.#cluster?.stop();
  }

  /** The limit that holds now. */
  rateLimitOf({ name, config }: TaskDefinition): RateLimit | undefined {
    return this.#changed.has(name) ? this.#changed.get(name) : config.rateLimit;
  }

  /**
   * Gives a task another rate limit until this process ends. It counts as the task's own did: in this worker, or for all and
   * by its key. Those that wait with a start kept for them keep it, as in Celery.
   * @param rate `'10/s'`, `'100/m'`, `'5/h'`, a number per second; `null` or 0: no limit
   * @throws NotRegistered, InvalidOptionError
   */
  setRateLimit(taskName: string, rate: unknown): void {
    const { tasks } = this.deps;
    const definition = tasks.get(taskName);
    if (definition === undefined) throw new NotRegistered(taskName, tasks.nearest(taskName));
    const limit = readRate(rate, `rateLimit of ${taskName}`);
    const own = definition.config.rateLimit;
    this.#changed.set(
      taskName,
      limit !== undefined && own?.scope === 'cluster' ? { ...own, intervalMs: limit.intervalMs } : limit,
    );
  }

  /** @param mayHold whether one more can wait in memory */
  enter(request: Request, mayHold: () => boolean): Entry | Promise<Entry> {
    const { definition } = request;
    const rate = this.rateLimitOf(definition);
    if (rate?.scope === 'worker') {
      const turn = this.#rates.turnOf(request, rate.intervalMs, mayHold());
      if (turn.turn === 'kept') return { enter: 'held', waitMs: turn.waitMs };
      if (turn.turn === 'later') return { enter: 'parked', waitMs: turn.waitMs };
    }
    const cluster = this.#cluster;
    if (cluster === undefined || (rate?.scope !== 'cluster' && definition.config.concurrency === undefined))
      return NOW;
    try {
      const wish = cluster.wishOf(request, rate);
      return wish === undefined ? NOW : this.#askCluster(cluster, request, wish, mayHold);
    } catch (error) {
      return { enter: 'never', error };
    }
  }

  /** The request is no longer this worker's, or has ended. */
  leave(request: Request): void {
    this.#cluster?.leave(request);
  }

  /** It was revoked, or has expired: what was kept for its message is others'. */
  forget(request: Request): void {
    try {
      const wish = this.#cluster?.wishOf(request, this.rateLimitOf(request.definition));
      if (wish !== undefined) this.#cluster?.forget(wish);
    } catch {
      // Without a key nothing was kept for it.
    }
  }

  /**
   * How long a message is to be put away that nobody has taken; undefined: it may be taken.
   * @throws when that cannot be known now
   */
  async lineOf(message: TaskMessage, definition: TaskDefinition): Promise<Line | undefined> {
    const cluster = this.#cluster;
    const rate = this.rateLimitOf(definition);
    if (cluster === undefined || (rate?.scope !== 'cluster' && definition.config.concurrency === undefined))
      return undefined;
    const wish = cluster.wishOf({ message, definition }, rate);
    if (wish === undefined) return undefined;
    const answer = await cluster.promise(wish, this.deps.random());
    if (answer.answer === 'go') return undefined;
    const lineUp = (mark: string): void => cluster.lineUp(wish, mark);
    return { waitMs: answer.waitMs, lineUp: answer.answer === 'concurrency' ? lineUp : undefined };
  }

  async #askCluster(
    cluster: ClusterLimits,
    request: Request,
    wish: Wish,
    mayHold: () => boolean,
  ): Promise<Entry> {
    const answer = await cluster.ask(request, wish);
    if (answer === undefined) return { enter: 'parked', waitMs: AWAY_MS };
    switch (answer.answer) {
      case 'go':
        return NOW;
      case 'rate':
        return { enter: answer.waitMs <= SOON_MS && mayHold() ? 'held' : 'parked', waitMs: answer.waitMs };
      case 'concurrency': {
        const { mark } = request.delivery;
        const onParked = mark === undefined ? undefined : () => cluster.lineUp(wish, mark);
        return { enter: 'parked', waitMs: answer.waitMs, onParked };
      }
      default:
        return unreachable(answer);
    }
  }
}

const NOW: Entry = Object.freeze({ enter: 'now' });
/** A start that is kept and comes this soon is waited for here. */
const SOON_MS = 1_000;
/** Before the store is asked again that could not be reached. */
const AWAY_MS = 5_000;
