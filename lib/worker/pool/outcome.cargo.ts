import { fromCanvasDict, toCanvasDict } from '../../canvas/canvas-dict.js';
import type { SignatureDict } from '../../message/signature.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Outcome } from '../outcome.js';
import type { Request } from '../request.js';
import type { RetryRequest } from '../../task/task.signals.js';
import type { Cargo, CargoHold } from './cargo.js';
import { fromThrown, toThrown, type Thrown } from './thrown.js';

type Of<K extends Outcome['kind']> = Extract<Outcome, { readonly kind: K }>;

/** An outcome on its way from a child to its parent. */
export type OutcomeCargo =
  | (Omit<Of<'succeeded'>, 'value'> & { readonly value: Cargo })
  | (Omit<Of<'failed'>, 'error'> & { readonly error: Thrown })
  | (Omit<Of<'retrying'>, 'request' | 'error'> & {
      readonly request: RetryCargo;
      readonly error: Thrown | undefined;
    })
  | { readonly kind: 'replaced'; readonly canvas: Cargo }
  | Of<'ignored' | 'rejected' | 'revoked' | 'interrupted' | 'abandoned'>;

interface RetryCargo extends Omit<RetryRequest, 'args' | 'kwargs' | 'cause'> {
  readonly args?: Cargo;
  readonly kwargs?: Cargo;
  readonly cause?: Thrown;
}

/**
 * In the child, where errors are of their own classes: what depends on the class is decided here.
 * @throws EncodeError for a result or new arguments that cannot be written; InvalidCanvasError for members that cannot
 * be listed
 */
export function loadOutcome(outcome: Outcome, request: Request, hold: CargoHold): OutcomeCargo {
  switch (outcome.kind) {
    case 'succeeded':
      return {
        ...outcome,
        value: isNeeded(request) ? hold.load(outcome.value) : loadIfPossible(outcome.value, hold),
      };
    case 'failed': {
      const expected = request.definition.config.throws.some((each) => outcome.error instanceof each);
      return { ...outcome, error: toThrown(outcome.error), ...(expected ? { expected } : {}) };
    }
    case 'retrying': {
      const { args, kwargs, cause, ...rest } = outcome.request;
      const told: RetryCargo = {
        ...rest,
        ...(args === undefined ? {} : { args: hold.load(args) }),
        ...(kwargs === undefined ? {} : { kwargs: hold.load(kwargs) }),
        ...(cause === undefined ? {} : { cause: toThrown(cause) }),
      };
      return { ...outcome, request: told, error: thrownIf(outcome.error) };
    }
    case 'replaced':
      return { kind: 'replaced', canvas: hold.load(toCanvasDict(outcome.canvas)) };
    case 'workerLost':
      return { kind: 'failed', error: toThrown(outcome.error), runtimeMs: 0 };
    case 'ignored':
    case 'rejected':
    case 'revoked':
    case 'interrupted':
    case 'abandoned':
      return outcome;
    default:
      return unreachable(outcome);
  }
}

export function unloadOutcome(cargo: OutcomeCargo, hold: CargoHold): Outcome {
  switch (cargo.kind) {
    case 'succeeded':
      return { ...cargo, value: hold.unload(cargo.value) };
    case 'failed':
      return { ...cargo, error: fromThrown(cargo.error) };
    case 'retrying': {
      const { args, kwargs, cause, ...rest } = cargo.request;
      const request: RetryRequest = {
        ...rest,
        ...(args === undefined ? {} : { args: hold.unload(args) as readonly unknown[] }),
        ...(kwargs === undefined ? {} : { kwargs: hold.unload(kwargs) as Record<string, unknown> }),
        ...(cause === undefined ? {} : { cause: fromThrown(cause) }),
      };
      return { ...cargo, request, error: cargo.error === undefined ? undefined : fromThrown(cargo.error) };
    }
    case 'replaced':
      return { kind: 'replaced', canvas: fromCanvasDict(hold.unload(cargo.canvas) as SignatureDict) };
    case 'ignored':
    case 'rejected':
    case 'revoked':
    case 'interrupted':
    case 'abandoned':
      return cargo;
    default:
      return unreachable(cargo);
  }
}

function thrownIf(error: unknown): Thrown | undefined {
  return error === undefined ? undefined : toThrown(error);
}

/** Someone will read the result: the backend, or what follows the task. */
function isNeeded({ ignoresResult, message: { embed } }: Request): boolean {
  return !ignoresResult || embed.callbacks.length + embed.chain.length > 0 || embed.chord !== undefined;
}

function loadIfPossible(value: unknown, hold: CargoHold): Cargo {
  try {
    return hold.load(value);
  } catch {
    return { plain: null };
  }
}
