import type { TaskMeta } from '../backend/result-backend.js';

export interface EagerOutcome {
  /** The state as a worker would have stored it. */
  readonly meta: TaskMeta;
  /** What the handler threw; undefined when it succeeded. */
  readonly error: unknown;
}
