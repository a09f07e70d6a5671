import { LimitKeyError } from '../../errors.js';
import type { TaskMessage } from '../../message/task-message.js';
import type { Clock } from '../../runtime/clock.js';
import { withDeadline } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/logger.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import { ClusterLimits } from './cluster-limits.js';
import type { LimitStore } from './limit-store.js';

export interface DoorDeps {
  /** Undefined: no limit holds for all workers together. */
  readonly store: LimitStore | undefined;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly clock: Clock;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Limits asked before a message is sent, for brokers that can hold it back: a flood over its limit then never stands before
 * what others send. Whoever does not know the task sends it as ever, and the workers put it away.
 */
export class Door {
  readonly #limits: ClusterLimits | undefined;
  /** Until when the store is not asked, monotonic ms. */
  #awayUntilMs = 0;

  constructor(private readonly deps: DoorDeps) {
    const { store, clock, log } = deps;
    this.#limits = store && new ClusterLimits(store, clock, log);
  }

  /** Until when nobody can run it, epoch ms. Undefined, at once or later: nobody knows of such a time. Never rejects. */
  closedUntil(message: TaskMessage): Promise<number | undefined> | undefined {
    const limits = this.#limits;
    const definition = limits && this.deps.tasks.get(message.task);
    if (definition === undefined || message.etaMs !== undefined) return undefined;
    if (this.#awayUntilMs > this.deps.clock.monotonicMs()) return undefined;
    const { rateLimit, concurrency } = definition.config;
    if (concurrency === undefined && rateLimit?.scope !== 'cluster') return undefined;
    return limits && this.#ask(limits, message, definition);
  }

  async #ask(
    limits: ClusterLimits,
    message: TaskMessage,
    definition: TaskDefinition,
  ): Promise<number | undefined> {
    const { clock, random, log } = this.deps;
    try {
      const wish = limits.wishOf({ message, definition }, definition.config.rateLimit);
      if (wish === undefined) return undefined;
      const late = (): Error => new Error(`no answer within ${ANSWER_MS} ms`);
      const answer = await withDeadline(clock, ANSWER_MS, limits.promise(wish, random()), late);
      return answer.answer === 'go' ? undefined : clock.now() + answer.waitMs;
    } catch (error) {
      // Whoever takes it finds out why.
      if (!(error instanceof LimitKeyError)) this.#awayUntilMs = clock.monotonicMs() + AWAY_MS;
      log.debug(`Limits of ${definition.name} were not asked before it was sent: ${String(error)}`);
      return undefined;
    }
  }
}

/** No publish is kept waiting longer for what only spares the workers a message. */
const ANSWER_MS = 1_000;
/** Before a store is asked again that did not answer. */
const AWAY_MS = 5_000;
