import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';
import type { TaskDefinition } from './task.definition.js';

/** The tasks this process knows, by name. */
export class TaskRegistry {
  readonly #tasks = new Map<string, TaskDefinition>();

  /** @throws InvalidOptionError when the name is taken, naming both places */
  add(definition: TaskDefinition): void {
    const other = this.#tasks.get(definition.name);
    if (other !== undefined) {
      throw new InvalidOptionError(
        `tasks[${definition.name}]`,
        `declared twice: by ${other.source} and by ${definition.source}. Give one of them another name in @Task({ name }).`,
      );
    }
    this.#tasks.set(definition.name, definition);
  }

  get(name: string): TaskDefinition | undefined {
    return this.#tasks.get(name);
  }

  /** The known name that was probably meant, for errors. */
  nearest(name: string): string | undefined {
    return nearest(name.slice(0, 255), this.#tasks.keys());
  }

  /** In the order they were added. */
  all(): readonly TaskDefinition[] {
    return [...this.#tasks.values()];
  }
}
