import { TaskContext, type TaskEffects } from '../context/task.context.js';
import { NotRegistered } from '../errors.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Clock } from '../runtime/clock.js';
import { WorkerShuttingDown } from '../task/task.signals.js';
import type { Outcome } from './outcome.js';
import type { TaskHandler } from './pool/pool.js';
import type { Request } from './request.js';
import { afterThrow } from './retry.policy.js';
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
 * Runs the handler of a request and makes an outcome of whatever it does: here the errors are still of their own classes.
 * Every pool ends here, in this process or in a child.
 */
export class HandlerRunner {
  constructor(private readonly deps: HandlerRunnerDeps) {}

  /** Bound, so that it can be handed on alone. Never rejects. */
  readonly run = async (request: Request): Promise<Outcome> => {
    const { hooks, clock } = this.deps;
    if (!hooks.has('task-prerun') && !hooks.has('task-postrun')) return this.#run(request);
    const { message } = request;
    await hooks.told('task-prerun', () => eventOf(message));
    const startedMs = clock.monotonicMs();
    const outcome = await this.#run(request);
    const runtimeMs = clock.monotonicMs() - startedMs;
    await hooks.told('task-postrun', () => ({ ...eventOf(message), kind: outcome.kind, runtimeMs }));
    return outcome;
  };

  async #run(request: Request): Promise<Outcome> {
    const { clock, handlers } = this.deps;
    const startedMs = clock.monotonicMs();
    const context = this.#contextOf(request);
    const ended = (thrown: unknown): Outcome =>
      this.#afterThrow(request, context.steered ?? thrown, clock.monotonicMs() - startedMs);
    try {
      const handler = handlers.get(context.name);
      if (handler === undefined) throw new NotRegistered(context.name);
      const value = await context.run(() => handler(context));
      // What the handler made of the throw does not change that it asked for a retry.
      if (context.steered !== undefined) return ended(context.steered);
      const runtimeMs = clock.monotonicMs() - startedMs;
      return { kind: 'succeeded', value: value === undefined ? null : value, runtimeMs };
    } catch (thrown) {
      return ended(thrown);
    }
  }

  #contextOf(request: Request): TaskContext {
    const { delivery, message, definition, abort } = request;
    const { exchange, routingKey, queue, redelivered } = delivery;
    return new TaskContext(
      message,
      { exchange, routingKey, queue, redelivered, priority: message.priority },
      this.deps.hostname,
      definition.config.maxRetries,
      abort.signal,
      this.deps.isEager === true,
      this.deps.effectsOf(request),
    );
  }

  #afterThrow(request: Request, thrown: unknown, runtimeMs: number): Outcome {
    const error = truthOf(thrown, request);
    if (error instanceof WorkerShuttingDown && !request.ackedEarly) return INTERRUPTED;
    const { clock, random } = this.deps;
    const { message, definition } = request;
    const decision = afterThrow(error, {
      id: message.id,
      name: message.task,
      retries: message.retries,
      config: definition.config,
      now: clock.now(),
      random,
    });
    return decision.kind === 'failed' ? { ...decision, runtimeMs } : decision;
  }
}

const INTERRUPTED: Outcome = Object.freeze({ kind: 'interrupted' });

/** What libraries make of an abort (`AbortError`) hides why; any other error of an aborted handler is its own answer. */
function truthOf(thrown: unknown, { abort }: Request): unknown {
  const hidden = abort.aborted && thrown instanceof Error && thrown.name === 'AbortError';
  return hidden ? abort.reason : thrown;
}
