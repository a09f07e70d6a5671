import { UnsupportedError } from '../errors.js';
import type { RemoteError } from '../message/remote-error.js';
import { backendOf, readGetOptions } from './get-options.js';
import { finishing, successOf, valueOf, waitForGroup, type Metas } from './group-wait.js';
import { inTurns } from './in-turns.js';
import { resultGraph, type ResultGraph } from './result-graph.js';
import { tasksOf, type AnyResult, type GetOptions, type ResultDeps } from './result.js';
import { tupleOf } from './result-tuple.js';

/** Task ids in one revoke command. */
const IDS_AT_A_TIME = 1_000;

/** What `get({ propagate: false })` of a group gives: an error as data in the place of what failed. */
export type Settled<R extends readonly unknown[]> = { [K in keyof R]: R[K] | RemoteError };

/**
 * The results of a group, in the order of its members; a member may be a group again. Holds nothing open unless it is
 * being waited for: then one watch for each task, and one timer for all of them.
 */
export class GroupResult<R extends readonly unknown[] = unknown[]> {
  readonly kind = 'group';
  /** Final states of all tasks, once they have been waited for. */
  #final: Metas | undefined;

  /** @param parent the result of the task before, in a chain */
  constructor(
    readonly id: string,
    readonly results: readonly AnyResult<R[number]>[],
    private readonly deps: ResultDeps,
    readonly parent?: AnyResult,
  ) {}

  /** How many members there are. */
  get length(): number {
    return this.results.length;
  }

  /**
   * Waits for all members. The list is in their order, whenever they finish.
   * @throws TaskFailedError, TaskRevokedError as soon as one task, or one before it in its chain, did not succeed
   * @throws ResultTimeoutError after `timeout`; the signal's reason when it aborts
   * @throws NoResultBackendError; UndecodableMessageError for a result that this process cannot read
   */
  async get(options: GetOptions & { propagate: false }): Promise<Settled<R>>;
  async get(options?: GetOptions): Promise<R>;
  async get(options: GetOptions = {}): Promise<R | Settled<R>> {
    const { propagate = true } = options;
    const limits = readGetOptions(options, this.deps);
    const final = (this.#final ??= await waitForGroup(this, limits, propagate));
    return (propagate ? successOf(this, final) : valueOf(this, final)) as R;
  }

  /** `get`, under the name that Celery's groups have for it. */
  get join(): GroupResult<R>['get'] {
    return this.get.bind(this);
  }

  /** `get`: here every backend tells by itself what is ready. */
  get joinNative(): GroupResult<R>['get'] {
    return this.get.bind(this);
  }

  /**
   * The members with their values, in the order in which they finish; told, not asked for. A failure throws, as in
   * `get`, when its turn has come; with `propagate: false` it is a value. Leaving the loop ends the wait.
   */
  async *iterate(options: GetOptions = {}): AsyncGenerator<readonly [AnyResult<R[number]>, R[number]]> {
    const limits = readGetOptions(options, this.deps);
    for await (const [index, value] of finishing(this, limits, options.propagate ?? true)) {
      const result = this.results[index];
      if (result !== undefined) yield [result, value];
    }
  }

  /** All members have succeeded, failed or been revoked. */
  async ready(): Promise<boolean> {
    return this.#every((member) => member.ready());
  }
  /** All members have succeeded. */
  async successful(): Promise<boolean> {
    return this.#every((member) => member.successful());
  }
  /** At least one member has failed. */
  async failed(): Promise<boolean> {
    const some = await inTurns(
      this.results,
      (member) => member.failed(),
      (found) => found.includes(true),
    );
    return some.includes(true);
  }
  /** At least one member is not ready yet. */
  async waiting(): Promise<boolean> {
    return !(await this.ready());
  }
  /** How many members have succeeded. */
  async completedCount(): Promise<number> {
    const succeeded = await inTurns(this.results, (member) => member.successful());
    return succeeded.filter(Boolean).length;
  }

  /** Its members: what a group has sent. */
  async children(): Promise<readonly AnyResult<R[number]>[]> {
    return this.results;
  }

  /** What this workflow consists of and how far it is: see `AsyncResult.graph`. */
  graph(): Promise<ResultGraph> {
    return resultGraph(this);
  }

  /**
   * Keeps the ids of the members under the group's id, for another process, for as long as results are kept.
   * @throws UnsupportedError where nothing is kept (rpc); BackendUnavailableError
   */
  async save(): Promise<void> {
    await backendOf(this.deps).saveGroup(this.id, this.asTuple());
  }

  /** Removes what `save` has kept. The results of the members stay. */
  async delete(): Promise<void> {
    await backendOf(this.deps).deleteGroup(this.id);
  }

  /** Removes the stored results of all tasks. */
  async forget(): Promise<void> {
    this.#final = undefined;
    await inTurns(this.results, (member) => member.forget());
  }

  /** Tells the workers to run none of the tasks. @throws UnsupportedError where this process cannot */
  async revoke(): Promise<void> {
    const { revoke } = this.deps;
    if (revoke === undefined) throw new UnsupportedError('revoke()', 'remote control is not available here');
    const ids = tasksOf(this).map(({ id }) => id);
    for (let from = 0; from < ids.length; from += IDS_AT_A_TIME)
      await revoke(ids.slice(from, from + IDS_AT_A_TIME));
  }

  /** For handing the results to another process: Celery's `as_tuple`. */
  asTuple(): unknown[] {
    return tupleOf(this);
  }

  async #every(ask: (member: AnyResult) => Promise<boolean>): Promise<boolean> {
    const answers = await inTurns(this.results, ask, (some) => some.includes(false));
    return !answers.includes(false);
  }
}
