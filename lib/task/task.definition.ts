import type { TaskConfig } from './task.options.js';

/** A task this process knows: its name, how it behaves and what it takes. Frozen data; the code that runs it is the worker's. */
export interface TaskDefinition {
  readonly name: string;
  readonly config: TaskConfig;
  readonly parameters: Parameters;
  /** Where it is written, for errors and logs: `MailTasks.send`. */
  readonly source: string;
}

/** What a task method takes, without its `TaskContext`. */
export interface Parameters {
  /** The method's own name, for errors: `send`. */
  readonly method: string;
  /** In order; a name is undefined where the source does not give one (destructuring, minified code). */
  readonly names: readonly (string | undefined)[];
  /** How many of them have no default and are not optional, as far as the source shows. */
  readonly required: number;
  /** A rest parameter takes what comes after the named ones. */
  readonly rest: boolean;
}
