import type { ResultBackend } from '../backend/result-backend.js';
import type { Clock } from '../runtime/clock.js';
import type { Duration } from '../runtime/duration.js';

/** What every result handle of an app shares. */
export interface ResultDeps {
  /** Undefined: results are kept nowhere. */
  readonly backend: ResultBackend | undefined;
  readonly clock: Clock;
  /** Tells the workers; undefined where this process cannot. */
  readonly revoke: ((taskIds: string | readonly string[]) => Promise<void>) | undefined;
  /** True in code that a task runs: waiting there for another task can leave no slot to run it. */
  readonly insideTask: () => boolean;
}

export interface GetOptions {
  /** Until the result must be there. Default: no limit. */
  timeout?: Duration;
  /** Throw the task's failure (true), or return it as data (false). Default true. */
  propagate?: boolean;
  /** How often to look, beside being told. Default: the backend's `resultPollingInterval`. */
  interval?: Duration;
  /** Ends the wait: `get` rejects with its reason. */
  signal?: AbortSignal;
  /** Allows waiting inside a task, where it can deadlock. Default true: refused (`disable_sync_subtasks`). */
  disableSyncSubtasks?: boolean;
}

/** A result of a task or of a group; `kind` tells which. */
export type AnyResult<R = unknown> = TaskResult<R> | ResultsOfGroup<R>;

interface Result<R> {
  readonly id: string;
  /** The result before this one: in a chain the previous step's, of a chord's body the header's. */
  readonly parent?: AnyResult | undefined;
  get(options: GetOptions & { propagate: false }): Promise<unknown>;
  get(options?: GetOptions): Promise<R>;
  ready(): Promise<boolean>;
  successful(): Promise<boolean>;
  failed(): Promise<boolean>;
  children(): Promise<readonly AnyResult[]>;
  forget(): Promise<void>;
  revoke(): Promise<void>;
  asTuple(): unknown[];
}

/** What `AsyncResult` looks like from the results around it. */
export interface TaskResult<R = unknown> extends Result<R> {
  readonly kind: 'task';
  state(): Promise<string>;
  info(): Promise<unknown>;
  traceback(): Promise<string | undefined>;
}

/** What `GroupResult` looks like from the results around it. */
export interface ResultsOfGroup<R = unknown> extends Result<R> {
  readonly kind: 'group';
  readonly results: readonly AnyResult[];
}

/** The tasks of a result: itself, or those of a group and of the groups in it, in order. */
export function tasksOf(result: AnyResult): TaskResult[] {
  return result.kind === 'task' ? [result] : result.results.flatMap(tasksOf);
}

/** Ids of the tasks that must succeed before this result's tasks are sent, the first one first. */
export function tasksBefore(result: AnyResult): string[] {
  const ids: string[] = [];
  // The header of a chord tells of its failure by the body.
  for (let above = result.parent; above !== undefined; above = above.parent)
    if (above.kind === 'task') ids.unshift(above.id);
  return ids;
}
