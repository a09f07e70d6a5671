import { MemoryBackend } from '../../lib/backend/memory.backend.js';
import type { OnMeta, TaskMeta } from '../../lib/backend/result-backend.js';
import { AsyncResult } from '../../lib/result/async-result.js';
import { GroupResult } from '../../lib/result/group-result.js';
import type { AnyResult, ResultDeps } from '../../lib/result/result.js';
import { aMeta } from '../conformance/result-backend.conformance.js';
import { backendSettings } from '../backend/backend-settings.js';
import { FakeClock } from '../support/fake-clock.js';

/** A memory backend that counts who waits and who asks, and can lose its notices or its tongue. */
class CountingBackend extends MemoryBackend {
  watching = 0;
  gets = 0;
  /** Nobody is told anything. */
  deaf = false;
  /** No question is answered. */
  silent = false;

  override watch(...args: [string, OnMeta, ((error: Error) => void)?]): () => void {
    const unwatch = this.deaf ? (): void => undefined : super.watch(...args);
    let watched = true;
    this.watching += 1;
    return () => {
      if (watched) this.watching -= 1;
      watched = false;
      unwatch();
    };
  }

  override get(taskId: string): Promise<TaskMeta | undefined> {
    this.gets += 1;
    if (this.silent) return new Promise(() => undefined);
    return super.get(taskId);
  }
}

/** A backend, a clock that stands still, and handles on results. */
export async function aResultWorld(changes: Partial<ResultDeps> = {}) {
  const clock = new FakeClock();
  const backend = new CountingBackend('memory://', await backendSettings({ clock }));
  const deps: ResultDeps = { backend, clock, revoke: undefined, insideTask: () => false, ...changes };
  return {
    backend,
    clock,
    deps,
    result: <R = unknown>(id = 'a', parent?: AnyResult): AsyncResult<R> =>
      new AsyncResult<R>(id, deps, parent),
    /** A group of tasks by their ids, and of groups. */
    group: <R extends readonly unknown[] = unknown[]>(
      ids: readonly MemberIds[],
      id = 'g',
      parent?: AnyResult,
    ) => {
      const members = ids.map((member) => handleOn(member, deps));
      return new GroupResult(id, members, deps, parent) as unknown as GroupResult<R>;
    },
    store: (taskId: string, change: Partial<TaskMeta> = {}) =>
      backend.store(aMeta({ taskId, ...change }), { replyTo: undefined, correlationId: taskId }),
    /** What a wait could have left behind. */
    leftovers: () => ({ timers: clock.timers, watching: backend.watching }),
  };
}

export const NOTHING = { timers: 0, watching: 0 };

export function remoteError(exc_type = 'ValueError', exc_message: readonly unknown[] = ['boom', 1]) {
  return { exc_type, exc_message, exc_module: 'builtins' };
}

/** A task's id, or those of a group whose id they make. */
type MemberIds = string | readonly MemberIds[];

function handleOn(member: MemberIds, deps: ResultDeps): AnyResult {
  if (typeof member === 'string') return new AsyncResult(member, deps);
  const results = member.map((each) => handleOn(each, deps));
  return new GroupResult(`(${member.join()})`, results, deps);
}
