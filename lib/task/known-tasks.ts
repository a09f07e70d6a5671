import { defineTask } from './define-task.js';
import { declaredTask, type TaskClass } from './task.metadata.js';
import type { TaskDefaults } from './task.defaults.js';
import type { TaskDefinition } from './task.definition.js';
import type { TaskRegistry } from './task.registry.js';

/**
 * The tasks this process can send with all that is written about them: those it runs, and those whose class it was shown
 * although another process runs them.
 */
export class KnownTasks {
  readonly #shown = new Map<string, TaskDefinition>();

  constructor(
    private readonly registry: TaskRegistry,
    private readonly defaults: TaskDefaults,
  ) {}

  get(name: string): TaskDefinition | undefined {
    return this.registry.get(name) ?? this.#shown.get(name);
  }

  /** The task of a class's method; undefined when the method is none. */
  of(taskClass: TaskClass, key: string): TaskDefinition | undefined {
    const declared = declaredTask(taskClass, key);
    if (declared === undefined) return undefined;
    const known = this.get(declared.name);
    if (known !== undefined) return known;
    const definition = defineTask(declared, this.defaults);
    this.#shown.set(definition.name, definition);
    return definition;
  }
}
