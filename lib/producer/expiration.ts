import type { TaskMessage } from '../message/task-message.js';

/**
 * After how many ms, as text, the broker may drop the message; `0` for what is past, so that it goes unless a worker takes
 * it at once. Undefined: never. So it is where a chord or the rest of a chain waits for the task: a worker has to take it
 * then, and tell them that it has expired.
 */
export function expirationOf(
  { expiresMs, embed }: Pick<TaskMessage, 'expiresMs' | 'embed'>,
  nowMs: number,
): string | undefined {
  if (expiresMs === undefined || embed.chord !== undefined || embed.chain.length > 0) return undefined;
  return String(Math.max(0, Math.trunc(expiresMs - nowMs)));
}
