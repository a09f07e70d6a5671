import type { AnyCanvas } from '../canvas/canvas.js';
import type { RetryRequest } from '../task/task.signals.js';

/** Every way a request can end. Adding one makes the compiler name each place that must learn it. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly value: unknown; readonly runtimeMs: number }
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      readonly runtimeMs: number;
      /** True: one of the task's `throws`, found where it was thrown. */
      readonly expected?: boolean;
    }
  | {
      readonly kind: 'retrying';
      readonly request: RetryRequest;
      readonly etaMs: number;
      /** From the decision to `etaMs`. */
      readonly waitMs: number;
      /** Undefined: `task.retry()` gave no cause. */
      readonly error: unknown;
    }
  | { readonly kind: 'ignored' }
  /** `task.replace()`: another canvas has its id from here on. */
  | { readonly kind: 'replaced'; readonly canvas: AnyCanvas }
  /** `Reject`: dead-letter it, or hand it out again. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly requeue: boolean }
  | { readonly kind: 'revoked'; readonly reason: 'revoked' | 'expired' | 'terminated' }
  /** Its process died under it. */
  | { readonly kind: 'workerLost'; readonly error: Error }
  /** Stopped by shutdown before it could end: back to the queue. */
  | { readonly kind: 'interrupted' }
  /** The delivery was lost while it ran: another worker has the message, so this one stores nothing. */
  | { readonly kind: 'abandoned' };

/** Given up: the message is another worker's by now. */
export const ABANDONED: Outcome = Object.freeze({ kind: 'abandoned' });
/** The worker stopped before it began or ended. */
export const INTERRUPTED: Outcome = Object.freeze({ kind: 'interrupted' });
/** Revoked with `terminate` before it ended. */
export const TERMINATED: Outcome = Object.freeze({ kind: 'revoked', reason: 'terminated' });
