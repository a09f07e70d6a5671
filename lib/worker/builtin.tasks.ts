import { ACCUMULATE } from '../canvas/replacement.js';
import { readOptions } from '../runtime/options.js';
import { parametersOf } from '../task/parameters.js';
import { readTaskOptions } from '../task/read-task-options.js';
import { taskDefaultsFields, type TaskDefaultsConfig } from '../task/task.defaults.js';
import type { TaskDefinition } from '../task/task.definition.js';
import type { TaskRegistry } from '../task/task.registry.js';
import { CHORD_UNLOCK } from '../producer/chord-unlock.js';
import { builtinHandlers } from './builtin.handlers.js';
import { chordUnlockHandler, type ChordUnlockDeps } from './chord-unlock.task.js';
import type { TaskHandler } from './pool/pool.js';

export interface BuiltinTask {
  readonly definition: TaskDefinition;
  readonly handler: TaskHandler;
}

export interface BuiltinDeps extends ChordUnlockDeps {
  readonly handlerOf: (task: string) => TaskHandler | undefined;
}

/** The tasks that every worker of Celery has, by their names on the wire. */
export function builtinTasks(deps: BuiltinDeps): readonly BuiltinTask[] {
  return [
    ...poolBuiltins(deps.handlerOf),
    taskOf(CHORD_UNLOCK, chordUnlockHandler(deps)),
    // Results go by themselves when their time is over.
    taskOf(BACKEND_CLEANUP, () => null),
  ];
}

/** Those of them that run where the tasks of users run. */
export function poolBuiltins(handlerOf: BuiltinDeps['handlerOf']): readonly BuiltinTask[] {
  return [...builtinHandlers(handlerOf)].map(([name, handler]) => taskOf(name, handler));
}

const BACKEND_CLEANUP = 'celery.backend_cleanup';

/** Those that need the worker itself: no child of a pool runs them. */
export const WORKER_BUILTINS: ReadonlySet<string> = new Set([CHORD_UNLOCK, BACKEND_CLEANUP]);

/** A user's task of the same name stays. */
export function addBuiltins(
  builtins: readonly BuiltinTask[],
  tasks: TaskRegistry,
  code: Map<string, TaskHandler>,
): void {
  for (const { definition, handler } of builtins) {
    if (code.has(definition.name)) continue;
    if (tasks.get(definition.name) === undefined) tasks.add(definition);
    code.set(definition.name, handler);
  }
}

function taskOf(name: string, handler: TaskHandler): BuiltinTask {
  return { definition: definitionOf(name), handler };
}

/** Those that can run twice: they come again when their worker dies, for a workflow waits for them. */
const REPEATABLE: ReadonlySet<string> = new Set([ACCUMULATE, CHORD_UNLOCK, BACKEND_CLEANUP]);

function definitionOf(name: string): TaskDefinition {
  const defaults = readOptions<TaskDefaultsConfig>('celery', {}, taskDefaultsFields);
  const content = { taskSerializer: 'json', taskCompression: undefined };
  const config = readTaskOptions(
    { name, typing: false, acksLate: REPEATABLE.has(name) },
    { ...defaults, ...content },
  );
  const parameters = parametersOf((..._args: never[]) => undefined, { typing: false });
  return Object.freeze({ name, source: 'nestjs-celery itself', config, parameters });
}
