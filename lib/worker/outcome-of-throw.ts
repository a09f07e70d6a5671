import type { Clock } from '../runtime/clock.js';
import { WorkerShuttingDown } from '../task/task.signals.js';
import { INTERRUPTED, type Outcome } from './outcome.js';
import type { Request } from './request.js';
import { afterThrow } from './retry.policy.js';

export interface ThrowDeps {
  readonly clock: Clock;
  /** 0 ≤ random < 1, for jitter. */
  readonly random: () => number;
}

/** What a throw of the handler makes of its request. Never throws, whatever was thrown. */
export function outcomeOfThrow(
  request: Request,
  thrown: unknown,
  runtimeMs: number,
  deps: ThrowDeps,
): Outcome {
  try {
    return decided(request, thrown, runtimeMs, deps);
  } catch {
    // A proxy, for one, may throw where it is only asked for its class.
    return { kind: 'failed', error: new Error('an error that cannot be read'), runtimeMs };
  }
}

function decided(
  request: Request,
  thrown: unknown,
  runtimeMs: number,
  { clock, random }: ThrowDeps,
): Outcome {
  const error = truthOf(thrown, request);
  if (error instanceof WorkerShuttingDown && !request.ackedEarly) return INTERRUPTED;
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

/** What libraries make of an abort (`AbortError`) hides why; any other error of an aborted handler is its own answer. */
function truthOf(thrown: unknown, { abort }: Request): unknown {
  const hidden = abort.aborted && thrown instanceof Error && thrown.name === 'AbortError';
  return hidden ? abort.reason : thrown;
}
