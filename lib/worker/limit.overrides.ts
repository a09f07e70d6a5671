import type { TaskConfig } from '../task/task.options.js';

/** ms; undefined: none. */
export type LimitOverride = Pick<TaskConfig, 'ownTimeLimitMs' | 'ownSoftTimeLimitMs'>;

/** Time limits of tasks that were changed while the worker runs. */
export class LimitOverrides {
  readonly #overrides = new Map<string, LimitOverride>();

  set(task: string, override: LimitOverride): void {
    this.#overrides.set(task, override);
  }

  /** The task's configuration with what was changed. */
  over(task: string, config: TaskConfig): TaskConfig {
    const override = this.#overrides.get(task);
    return override === undefined ? config : { ...config, ...override };
  }
}
