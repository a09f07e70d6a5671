import { READY_STATES, type ResultBackend } from '../backend/result-backend.js';
import type { TickState } from './tick.state.js';

export interface PreviousRunDeps {
  readonly backend: ResultBackend | undefined;
  /** How long results are kept, ms; undefined: for ever. */
  readonly resultExpiresMs: number | undefined;
  /** How long the entry's messages are good for, ms: the broker may drop them after that without a word. */
  readonly expiresInMs: number | undefined;
}

/**
 * Whether the run before is not over, by its stored result. One that nothing is known of waits in its queue, until its
 * result, had there been one, would be forgotten.
 * @throws BackendUnavailableError
 */
export async function stillRuns(
  { lastTaskId, lastRunAtMs }: TickState,
  nowMs: number,
  { backend, resultExpiresMs, expiresInMs }: PreviousRunDeps,
): Promise<boolean> {
  if (lastTaskId === undefined || lastRunAtMs === undefined || backend === undefined) return false;
  const ageMs = nowMs - lastRunAtMs;
  if (ageMs >= (resultExpiresMs ?? Number.POSITIVE_INFINITY)) return false;
  const meta = await backend.get(lastTaskId);
  if (meta === undefined) return ageMs < (expiresInMs ?? Number.POSITIVE_INFINITY);
  return !READY_STATES.has(meta.status);
}
