import { EXCEPTION_STATES, READY_STATES, type TaskMeta, type TaskState } from '../backend/result-backend.js';
import { ResultTimeoutError, UnsupportedError } from '../errors.js';
import { parseCeleryDate } from '../message/celery-date.js';
import type { RemoteError } from '../message/remote-error.js';
import { backendOf, readGetOptions } from './get-options.js';
import { GroupResult } from './group-result.js';
import { resultGraph, type ResultGraph } from './result-graph.js';
import { readResultTuple, tupleOf, type ResultNode } from './result-tuple.js';
import { tasksBefore, type AnyResult, type GetOptions, type ResultDeps } from './result.js';
import { ResultsWait, type WaitLimits } from './results-wait.js';
import { taskError } from './task-error.js';

/** A handle on one task's result. Holds nothing open unless it is being waited for. */
export class AsyncResult<R = unknown> {
  readonly kind = 'task';
  /** A state that is final is not asked for again. */
  #final: TaskMeta | undefined;

  /** @param parent the result before it: in a chain the previous step's, of a chord's body the header's */
  constructor(
    readonly id: string,
    private readonly deps: ResultDeps,
    readonly parent?: AnyResult,
  ) {}

  /** PENDING also means that nothing is known of the id. */
  async state(): Promise<TaskState> {
    return (await this.#meta())?.status ?? 'PENDING';
  }
  /** It has succeeded, failed or been revoked. */
  async ready(): Promise<boolean> {
    return READY_STATES.has(await this.state());
  }
  async successful(): Promise<boolean> {
    return (await this.state()) === 'SUCCESS';
  }
  async failed(): Promise<boolean> {
    return (await this.state()) === 'FAILURE';
  }
  /** The value, the error as data, or the data of a custom state; undefined while nothing is known. */
  async info(): Promise<unknown> {
    return (await this.#meta())?.result;
  }
  /** The remote stack or traceback, of a task that failed or is being retried. */
  async traceback(): Promise<string | undefined> {
    return (await this.#meta())?.traceback;
  }
  /** When the task ended; undefined until then. */
  async dateDone(): Promise<Date | undefined> {
    const epochMs = parseCeleryDate((await this.#meta())?.dateDone ?? '');
    return epochMs === undefined ? undefined : new Date(epochMs);
  }

  /** What the task sent: its callbacks, and the tasks and groups its code sent. Empty until it is known. */
  async children(): Promise<(AsyncResult | GroupResult)[]> {
    const nodes = ((await this.#meta())?.children ?? []).map((child) => readResultTuple(child));
    return nodes.filter((node) => node !== undefined).map((node) => resultOfNode(node, this.deps));
  }

  /**
   * What the workflow consists of and how far it is: this result, those before it, and everything their tasks have sent
   * so far, each with its state. A snapshot; `toMermaid()` and `toDot()` draw it.
   */
  graph(): Promise<ResultGraph> {
    return resultGraph(this);
  }

  /**
   * Waits for the result: told by the backend, with a slow look as safety net.
   * @throws TaskFailedError, TaskRevokedError when the task, or one before it in its chain, did not succeed
   * @throws ResultTimeoutError after `timeout`; the signal's reason when it aborts
   * @throws NoResultBackendError; UndecodableMessageError for a result that this process cannot read
   */
  async get(options: GetOptions & { propagate: false }): Promise<R | RemoteError>;
  async get(options?: GetOptions): Promise<R>;
  async get(options: GetOptions = {}): Promise<R | RemoteError> {
    const { propagate = true } = options;
    const limits = readGetOptions(options, this.deps);
    const meta = (this.#final ??= await this.#wait(limits, propagate));
    if (meta.status === 'SUCCESS') return meta.result as R;
    if (propagate) throw taskError(meta);
    return meta.result as RemoteError;
  }

  /**
   * Calls `listener` for each state of the task's own (`updateState`) from now on, until `stop` or the end of the task.
   */
  onProgress(listener: (state: TaskState, info: unknown) => void): { stop(): void } {
    let watching = true;
    const stop = (): void => {
      watching = false;
      unwatch();
    };
    const unwatch = backendOf(this.deps).watch(this.id, ({ status, result }) => {
      if (READY_STATES.has(status)) queueMicrotask(stop);
      // What the listener throws is its own affair, not the backend's.
      else if (isCustom(status)) queueMicrotask(() => watching && listener(status, result));
    });
    return { stop };
  }

  /**
   * This result and those of everything it sent, as they become ready: parents before children, a group with the list of
   * its values before its members. Failures throw.
   */
  async *collect(options: GetOptions = {}): AsyncGenerator<readonly [AnyResult, unknown]> {
    const waiting: AnyResult[] = [this];
    // A task that was retried stands among its own children.
    const seen = new Set<string>();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (seen.has(next.id)) continue;
      seen.add(next.id);
      yield [next, await next.get(options)];
      waiting.push(...(await next.children()));
    }
  }

  /** Removes the stored result. */
  async forget(): Promise<void> {
    this.#final = undefined;
    await backendOf(this.deps).forget(this.id);
  }

  /** Tells the workers not to run the task. @throws UnsupportedError where this process cannot */
  async revoke(): Promise<void> {
    if (this.deps.revoke === undefined) {
      throw new UnsupportedError('revoke()', 'remote control is not available here');
    }
    await this.deps.revoke(this.id);
  }

  /** For handing the result to another process: Celery's `as_tuple`. */
  asTuple(): unknown[] {
    return tupleOf(this);
  }

  #wait(limits: WaitLimits, propagate: boolean): Promise<TaskMeta> {
    return new Promise((resolve, reject) => {
      let final: TaskMeta | undefined;
      const wanted = {
        taskIds: [this.id],
        // The first failure of the chain so far may have kept this task from ever being sent.
        before: propagate ? tasksBefore(this) : [],
        onResult: (meta: TaskMeta) => void (final = meta),
        onEnd: () => final !== undefined && resolve(final),
        onFailure: reject,
        late: (limitMs: number) => new ResultTimeoutError(this.id, limitMs),
      };
      new ResultsWait(wanted, limits).begin();
    });
  }

  async #meta(): Promise<TaskMeta | undefined> {
    if (this.#final !== undefined) return this.#final;
    const meta = await backendOf(this.deps).get(this.id);
    if (meta !== undefined && isReady(meta)) this.#final = meta;
    return meta;
  }
}

/** The handle on what another process handed over as `asTuple()`; undefined when it is no such tuple. */
export function resultFromTuple<R = unknown>(
  tuple: unknown,
  deps: ResultDeps,
): AsyncResult<R> | GroupResult | undefined {
  const node = readResultTuple(tuple);
  return node === undefined ? undefined : resultOfNode<R>(node, deps);
}

/** The handle on a result, with the handles on those before it and on the members of groups. */
export function resultOfNode<R = unknown>(node: ResultNode, deps: ResultDeps): AsyncResult<R> | GroupResult {
  const above: ResultNode[] = [];
  for (let next = node.parent; next !== undefined; next = next.parent) above.push(next);
  let parent: AnyResult | undefined;
  for (const next of above.toReversed()) parent = handleOf(next, parent, deps);
  return handleOf<R>(node, parent, deps);
}

function handleOf<R>(
  { id, members }: ResultNode,
  parent: AnyResult | undefined,
  deps: ResultDeps,
): AsyncResult<R> | GroupResult {
  if (members === undefined) return new AsyncResult<R>(id, deps, parent);
  const results = members.map((member) => resultOfNode(member, deps));
  return new GroupResult(id, results, deps, parent);
}

/** The group that was saved under this id, by us or by Python; undefined when there is none, or none any more. */
export async function restoreGroup(groupId: string, deps: ResultDeps): Promise<GroupResult | undefined> {
  const result = resultFromTuple(await backendOf(deps).restoreGroup(groupId), deps);
  return result?.kind === 'group' ? result : undefined;
}

function isReady({ status }: TaskMeta): boolean {
  return READY_STATES.has(status);
}

const CELERYS_OWN: ReadonlySet<string> = new Set([
  'PENDING',
  'RECEIVED',
  'STARTED',
  'REJECTED',
  'IGNORED',
  ...READY_STATES,
  ...EXCEPTION_STATES,
]);

function isCustom(status: TaskState): boolean {
  return !CELERYS_OWN.has(status);
}
