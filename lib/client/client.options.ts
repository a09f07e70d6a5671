import { bool, type Field } from '../runtime/options.js';

/** How the client behaves. Celery's names in camelCase. */
export interface ClientOptions {
  /**
   * Run tasks in this process when they are sent, still through serialization: for tests and scripts. Tasks that this
   * process does not run are sent as ever. Default false (`task_always_eager`).
   */
  taskAlwaysEager?: boolean;
  /** With `taskAlwaysEager`: sending a task that fails throws its error. Default false (`task_eager_propagates`). */
  taskEagerPropagates?: boolean;
}

/** Everything decided. */
export interface ClientConfig {
  readonly taskAlwaysEager: boolean;
  readonly taskEagerPropagates: boolean;
}

export const clientFields: { readonly [K in keyof ClientConfig]-?: Field<ClientConfig[K]> } = {
  taskAlwaysEager: bool(false),
  taskEagerPropagates: bool(false),
};
