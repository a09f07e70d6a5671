import { ItemVerdict } from '../context/batch.js';
import { TaskContext, type TaskEffects } from '../context/task.context.js';
import { NotRegistered } from '../errors.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Clock } from '../runtime/clock.js';
import type { Outcome } from './outcome.js';
import { outcomeOfThrow } from './outcome-of-throw.js';
import { signalOfAll } from './batch/batch.signal.js';
import type { Requests, TaskHandler } from './pool/pool.js';
import type { Request } from './request.js';
import { eventOf } from './task.hooks.js';

export interface HandlerRunnerDeps {
  /** The code of the tasks, by name. */
  readonly handlers: ReadonlyMap<string, TaskHandler>;
  readonly effectsOf: (request: Request) => TaskEffects;
  /** Listeners of the application, in this process. */
  readonly hooks: Hooks;
  /** Node name of the worker. */
  readonly hostname: string;
  readonly clock: Clock;
  /** 0 ≤ random < 1, for jitter. */
  readonly random: () => number;
  /** Under `taskAlwaysEager`. Default false. */
  readonly isEager?: boolean;
}

/**
 * Runs the handler of a request, or of a batch of them, and makes an outcome of whatever it does: here the errors are still of their own classes.
 * Every pool ends here, in this process or in a child.
 */
export class HandlerRunner {
  constructor(private readonly deps: HandlerRunnerDeps) {}

  /** Bound, so that it can be handed on alone. Never rejects. */
  readonly run = (requests: Requests): Promise<readonly Outcome[]> => {
    const { hooks } = this.deps;
    const heard = hooks.has('task-prerun') || hooks.has('task-postrun');
    return heard ? this.#runHeard(requests) : this.#run(requests);
  };

  async #runHeard(requests: Requests): Promise<readonly Outcome[]> {
    const { hooks, clock } = this.deps;
    for (const { message } of requests) await hooks.told('task-prerun', () => eventOf(message));
    const startedMs = clock.monotonicMs();
    const outcomes = await this.#run(requests);
    const runtimeMs = clock.monotonicMs() - startedMs;
    for (const [index, { kind }] of outcomes.entries()) {
      const message = requests[index]?.message;
      if (message !== undefined)
        await hooks.told('task-postrun', () => ({ ...eventOf(message), kind, runtimeMs }));
    }
    return outcomes;
  }

  #run(requests: Requests): Promise<readonly Outcome[]> {
    return requests.length === 1 ? this.#one(requests[0]) : this.#batch(requests);
  }

  /** One call for all of them: what it throws, it throws for each. */
  async #batch(requests: Requests): Promise<readonly Outcome[]> {
    const { clock, handlers } = this.deps;
    const startedMs = clock.monotonicMs();
    const context = this.#contextOf(requests[0], signalOfAll(requests));
    requests[0].together = requests;
    const ended = (request: Request, end: unknown): Outcome => {
      const runtimeMs = clock.monotonicMs() - startedMs;
      if (end instanceof ItemVerdict) return outcomeOfThrow(request, end.thrown, runtimeMs, this.deps);
      return { kind: 'succeeded', value: end === undefined ? null : end, runtimeMs };
    };
    const allEnded = (thrown: unknown): readonly Outcome[] => {
      const verdict = new ItemVerdict(context.steered ?? thrown);
      return requests.map((request) => ended(request, verdict));
    };
    try {
      const handler = handlers.get(context.name);
      if (handler === undefined) throw new NotRegistered(context.name);
      const contexts = requests.map((request) => this.#contextOf(request));
      const ends = await context.run(() => handler(context, contexts));
      if (context.steered !== undefined) return allEnded(context.steered);
      const each: readonly unknown[] = Array.isArray(ends) ? ends : [];
      return requests.map((request, index) => ended(request, each[index]));
    } catch (thrown) {
      return allEnded(thrown);
    }
  }

  async #one(request: Request): Promise<readonly [Outcome]> {
    const { clock, handlers } = this.deps;
    const startedMs = clock.monotonicMs();
    const context = this.#contextOf(request);
    const ended = (thrown: unknown): readonly [Outcome] => [
      outcomeOfThrow(request, context.steered ?? thrown, clock.monotonicMs() - startedMs, this.deps),
    ];
    try {
      const handler = handlers.get(context.name);
      if (handler === undefined) throw new NotRegistered(context.name);
      const given = context.run(() => handler(context));
      // Not every handler is asynchronous, and waiting costs.
      const value = isThenable(given) ? await given : given;
      // What the handler made of the throw does not change that it asked for a retry.
      if (context.steered !== undefined) return ended(context.steered);
      const runtimeMs = clock.monotonicMs() - startedMs;
      return [{ kind: 'succeeded', value: value === undefined ? null : value, runtimeMs }];
    } catch (thrown) {
      return ended(thrown);
    }
  }

  #contextOf(request: Request, signal = request.abort.signal): TaskContext {
    const { delivery, message, definition } = request;
    const { exchange, routingKey, queue, redelivered } = delivery;
    return new TaskContext(
      message,
      { exchange, routingKey, queue, redelivered, priority: message.priority },
      this.deps.hostname,
      definition.config.maxRetries,
      signal,
      this.deps.isEager === true,
      this.deps.effectsOf(request),
    );
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && 'then' in value;
}
