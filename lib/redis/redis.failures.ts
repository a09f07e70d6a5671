import { messageOf } from '../runtime/message-of.js';

/** No connection at the moment: the command was not sent. */
export class LinkDownError extends Error {
  override readonly name = 'LinkDownError';
}

/** Redis did not answer in time; the command may have been carried out. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/**
 * - `unsent`: Redis did not carry it out, and will when it is sent again on a good connection.
 * - `unknown`: the connection ended before the answer.
 * - `refused`: Redis answered no, and will again.
 */
export type FailureKind = 'unsent' | 'unknown' | 'refused';

export function failureKind(error: unknown): FailureKind {
  if (error instanceof LinkDownError) return 'unsent';
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'ReplyError') return isMoving(error) ? 'unsent' : 'refused';
  return error.message.startsWith("Stream isn't writeable") ? 'unsent' : 'unknown';
}

/** Answers of a server that is no longer, or not yet, the one to ask: the connection is made anew. */
const MOVING = ['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'UNBLOCKED', 'NOREPLICAS'];

export function isMoving(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    MOVING.some((word) => error.message.includes(word))
  );
}

/** What Redis's answer means to the people who run it. */
export function refusalReason(error: unknown): string {
  const text = messageOf(error);
  if (text.startsWith('OOM'))
    return 'Redis is out of memory (maxmemory reached); make room or raise maxmemory';
  if (text.startsWith('MISCONF')) return 'Redis refuses writes because it cannot save to disk (MISCONF)';
  if (text.startsWith('NOPERM')) return `the Redis user may not do this (${text})`;
  if (text.startsWith('WRONGTYPE')) return 'its key holds something that is not a queue (WRONGTYPE)';
  return text;
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && error.message.startsWith('OOM');
}
