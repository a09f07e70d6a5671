import type { ResultBackend } from '../backend/result-backend.js';
import { InvalidOptionError } from '../errors.js';
import type { Log } from '../runtime/logger.js';
import { nearest } from '../runtime/nearest.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { entryPath, type Entry } from './entry.js';

export interface EntryCheckDeps {
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  /** Names of the tasks that are known here, to find the one that was meant. */
  readonly taskNames: () => Iterable<string>;
  readonly backend: ResultBackend | undefined;
  readonly log: Log;
}

/** Throws InvalidOptionError for an entry that this app cannot run; warns of a task whose name is almost a known one. */
export function entryCheck({ tasks, taskNames, backend, log }: EntryCheckDeps): (entry: Entry) => void {
  return ({ name, call, overlap }) => {
    const task = tasks.get(call.task);
    const ignored = call.options.ignoreResult ?? task?.config.ignoreResult ?? false;
    if (overlap === 'skip' && (backend?.supports.shared !== true || ignored)) {
      throw new InvalidOptionError(
        `${entryPath(name)}.overlap`,
        `'skip' needs the results of ${call.task}, to see whether the run before is over. ` +
          (ignored ? 'Keep them: ignoreResult: false.' : 'Set backend to redis://.'),
      );
    }
    const meant = task === undefined ? nearest(call.task, taskNames()) : undefined;
    if (meant === undefined) return;
    const [given, known] = [call.task, meant].map((each) => JSON.stringify(each));
    log.warn(
      `Periodic task "${name}": no task ${given} is known here. Did you mean ${known}? It is sent by its name.`,
    );
  };
}
