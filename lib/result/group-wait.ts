import type { TaskMeta } from '../backend/result-backend.js';
import { ResultTimeoutError } from '../errors.js';
import { tasksBefore, tasksOf, type AnyResult, type ResultsOfGroup } from './result.js';
import { ResultsWait, type WaitLimits } from './results-wait.js';
import { taskError } from './task-error.js';

/** Final states by task id. */
export type Metas = ReadonlyMap<string, TaskMeta>;

/**
 * The final states of a group's tasks, once all are there.
 * @param propagate the first failure to be heard of ends the wait
 */
export function waitForGroup(group: AnyResult, limits: WaitLimits, propagate: boolean): Promise<Metas> {
  return new Promise((resolve, reject) => {
    const metas = new Map<string, TaskMeta>();
    const taskIds = tasksOf(group).map(({ id }) => id);
    const wait = new ResultsWait(
      {
        taskIds,
        before: propagate ? before(group) : [],
        onResult: (meta) => {
          metas.set(meta.taskId, meta);
          if (!propagate || meta.status === 'SUCCESS') return;
          wait.end();
          reject(taskError(meta));
        },
        onEnd: () => resolve(metas),
        onFailure: reject,
        late: (limitMs) => lateGroup(group, limitMs, new Set(taskIds).size - metas.size),
      },
      limits,
    );
    wait.begin();
  });
}

/** The places of a group's members as they finish, with their values; a group among them when all of its tasks have. */
export async function* finishing(
  group: ResultsOfGroup,
  limits: WaitLimits,
  propagate: boolean,
): AsyncGenerator<readonly [index: number, value: unknown]> {
  const metas = new Map<string, TaskMeta>();
  const members = group.results.map((result, index) => ({
    result,
    index,
    missing: new Set(tasksOf(result).map(({ id }) => id)),
  }));
  const waiting = new Map<string, typeof members>();
  for (const member of members)
    for (const taskId of member.missing) waiting.set(taskId, [...(waiting.get(taskId) ?? []), member]);
  const finished = members.filter(({ missing }) => missing.size === 0);
  let failure: { readonly reason: unknown } | undefined;
  let wake = (): void => undefined;
  const wait = new ResultsWait(
    {
      taskIds: [...waiting.keys()],
      before: propagate ? before(group) : [],
      onResult: (meta) => {
        metas.set(meta.taskId, meta);
        for (const member of waiting.get(meta.taskId) ?? []) {
          member.missing.delete(meta.taskId);
          if (member.missing.size === 0) finished.push(member);
        }
        wake();
      },
      onEnd: () => wake(),
      onFailure: (reason) => {
        failure = { reason };
        wake();
      },
      late: (limitMs) => lateGroup(group, limitMs, waiting.size - metas.size),
    },
    limits,
  );
  wait.begin();
  try {
    for (let told = 0; told < members.length; told += 1) {
      let next = finished[told];
      while (next === undefined) {
        if (failure !== undefined) throw failure.reason;
        await new Promise<void>((resolve) => (wake = resolve));
        next = finished[told];
      }
      const { result, index } = next;
      yield [index, propagate ? successOf(result, metas) : valueOf(result, metas)];
    }
  } finally {
    wait.end();
  }
}

/** The return value, or the error as data; of a group the list of them. */
export function valueOf(result: AnyResult, metas: Metas): unknown {
  if (result.kind === 'group') return result.results.map((member) => valueOf(member, metas));
  return metas.get(result.id)?.result;
}

/** @throws TaskFailedError, TaskRevokedError of its first task that has no success */
export function successOf(result: AnyResult, metas: Metas): unknown {
  for (const { id } of tasksOf(result)) {
    const meta = metas.get(id);
    if (meta !== undefined && meta.status !== 'SUCCESS') throw taskError(meta);
  }
  return valueOf(result, metas);
}

/** What must succeed before all of the group's tasks are sent. */
function before(result: AnyResult): string[] {
  const own = tasksBefore(result);
  return result.kind === 'group' ? [...own, ...result.results.flatMap(before)] : own;
}

function lateGroup({ id }: AnyResult, limitMs: number, missing: number): ResultTimeoutError {
  return new ResultTimeoutError(id, limitMs, missing);
}
