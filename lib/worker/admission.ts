import type { TaskMessage } from '../message/task-message.js';

/** May this message run? */
export type Verdict =
  | { readonly run: 'now' }
  | { readonly run: 'later'; readonly dueMs: number }
  | { readonly run: 'never'; readonly why: 'unknown' | 'revoked' | 'expired' };

/** What the answer depends on besides the message. */
export interface AdmissionFacts {
  /** Wall clock, epoch ms. */
  readonly now: number;
  readonly known: boolean;
  readonly isRevoked: (message: TaskMessage) => boolean;
}

/**
 * Asked when a message arrives, again when it has become due, and a last time before it runs. In Celery's order: a task
 * nobody has is never "expired", and one that is over is never waited for.
 */
export function admit(message: TaskMessage, { now, known, isRevoked }: AdmissionFacts): Verdict {
  if (!known) return UNKNOWN;
  if (message.expiresMs !== undefined && now > message.expiresMs) return EXPIRED;
  if (isRevoked(message)) return REVOKED;
  if (message.etaMs !== undefined && message.etaMs > now) return { run: 'later', dueMs: message.etaMs };
  return NOW;
}

const NOW: Verdict = Object.freeze({ run: 'now' });
const UNKNOWN: Verdict = Object.freeze({ run: 'never', why: 'unknown' });
const EXPIRED: Verdict = Object.freeze({ run: 'never', why: 'expired' });
const REVOKED: Verdict = Object.freeze({ run: 'never', why: 'revoked' });
