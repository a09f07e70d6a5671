import type { ResultBackend } from '../backend/result-backend.js';
import type { AnySignature, ApplyAsyncOptions } from '../canvas/call.options.js';
import { readApplyOptions } from '../canvas/read-call-options.js';
import { prepended } from '../canvas/canvas-dict.js';
import { checkedCanvas } from '../canvas/check-canvas.js';
import type { AnyCanvas } from '../canvas/canvas.js';
import type { Canvas, Group, Signature } from '../canvas/canvas.types.js';
import { typedSignature } from '../canvas/face.js';
import { makeSignature } from '../canvas/signature.js';
import { TaskContext } from '../context/task.context.js';
import { BackendUnavailableError, InvalidCallError, NoResultBackendError } from '../errors.js';
import type { Producer } from '../producer/producer.js';
import type { SendingTask } from '../producer/sender.js';
import type { AsyncResult } from '../result/async-result.js';
import type { GroupResult } from '../result/group-result.js';
import { readResultTuple, type ResultNode } from '../result/result-tuple.js';
import type { Clock } from '../runtime/clock.js';
import { withDeadline } from '../runtime/deadline.js';
import type { KnownTasks } from '../task/known-tasks.js';
import type { TaskClass } from '../task/task.metadata.js';
import { checkCalls } from './check-calls.js';
import type { ClientConfig } from './client.options.js';
import { settledResult, type EagerRunner } from './eager.js';
import { lazyHandles } from './task-handles.js';
import { taskHandle, type CallingOptions, type TaskHandles } from './task.handle.js';

export interface ClientDeps {
  readonly producer: Producer;
  readonly tasks: KnownTasks;
  /** Undefined: no results. */
  readonly backend: ResultBackend | undefined;
  /** The handle on a result, read from this backend if one is given, else from the app's. */
  readonly resultOf: <R>(taskId: string, backend?: ResultBackend) => AsyncResult<R>;
  /** The handle on what a canvas came to, with its parents and members. */
  readonly resultOfNode: <R>(node: ResultNode, backend?: ResultBackend) => AsyncResult<R> | GroupResult;
  /** Needed under `taskAlwaysEager`. */
  readonly eager: EagerRunner | undefined;
  readonly config: ClientConfig;
  /** Until the place that results come back to must stand, ms. */
  readonly backendTimeoutMs: number;
  readonly clock: Clock;
}

/** Calling options with the arguments among them. */
export interface NamedCallOptions extends ApplyAsyncOptions {
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
}

/** Sends tasks. What applications inject. */
export class TaskClient {
  #repliesStand: Promise<void> | undefined;

  constructor(private readonly deps: ClientDeps) {}

  /** Typed handles on the tasks of a class: `client.of(MailTasks).send.delay('a@b.c', 'hi')`. */
  of<T extends object>(taskClass: TaskClass<T>): TaskHandles<T>;
  /** The same by their prefix, for code that runs elsewhere: `client.of<MailTasks>('mail')` with a type-only import. */
  of<T extends object>(prefix: string): TaskHandles<T>;
  of<T extends object>(from: TaskClass<T> | string): TaskHandles<T> {
    const send = this.#send.bind(this);
    const nameOf = (key: string): string | undefined =>
      typeof from === 'string' ? `${from}.${key}` : this.#nameIn(from, key);
    const handles = lazyHandles((key) => {
      const name = nameOf(key);
      return name === undefined ? undefined : taskHandle(name, send);
    });
    return handles as TaskHandles<T>;
  }

  /** A call as data, of a task known by its name alone. */
  signature<R = unknown>(
    name: string,
    { args = [], kwargs = {}, ...options }: NamedCallOptions = {},
  ): Signature<readonly unknown[], R, false> {
    return typedSignature(name, { args, kwargs, options: readApplyOptions(options), immutable: false });
  }

  /**
   * Sends a task by its name, or a canvas. Resolves when the broker has what it begins with; all ids are known by then.
   * @throws InvalidCallError, InvalidCanvasError, InvalidOptionError, EncodeError: nothing was sent
   * @throws PublishError which says whether the task may have been delivered; UnroutableError
   */
  applyAsync<R = unknown>(name: string, options?: NamedCallOptions): Promise<AsyncResult<R>>;
  applyAsync<R extends readonly unknown[]>(
    group: Group<[], R>,
    options?: CallingOptions<R>,
  ): Promise<GroupResult<R>>;
  applyAsync<R>(canvas: Canvas<[], R>, options?: CallingOptions<R>): Promise<AsyncResult<R>>;
  applyAsync<Need extends readonly unknown[], R>(
    canvas: Canvas<Need, R>,
    options: CallingOptions<R> & { args: Need; kwargs?: Readonly<Record<string, unknown>> },
  ): Promise<AsyncResult<R>>;
  applyAsync<R>(
    what: string | AnyCanvas,
    options: NamedCallOptions = {},
  ): Promise<AsyncResult<R> | GroupResult> {
    const { args = [], kwargs = {}, ...rest } = options;
    if (typeof what === 'string')
      return this.#send<R>(makeSignature(what, { args, kwargs, immutable: false }), rest);
    const nothing = args.length === 0 && Object.keys(kwargs).length === 0;
    const canvas = nothing ? what : prepended(what, args, kwargs);
    return canvas.kind === 'task' ? this.#send<R>(canvas, rest) : this.#sendCanvas<R>(canvas, rest);
  }

  /** `applyAsync` under Celery's name. */
  get apply_async(): TaskClient['applyAsync'] {
    return this.applyAsync.bind(this) as TaskClient['applyAsync'];
  }

  /** The result of a task sent earlier, perhaps by another process. */
  result<R = unknown>(taskId: string): AsyncResult<R> {
    return this.deps.resultOf<R>(taskId);
  }

  /** A result handed over by another process as `asTuple()`; undefined when it is no such tuple. */
  resultFromTuple<R = unknown>(tuple: unknown): AsyncResult<R> | GroupResult | undefined {
    const node = readResultTuple(tuple);
    return node === undefined ? undefined : this.deps.resultOfNode<R>(node);
  }

  /** The group that was saved under this id, here or by Python; undefined when there is none. */
  async restoreGroup(groupId: string): Promise<GroupResult | undefined> {
    const { backend } = this.deps;
    if (backend === undefined) throw new NoResultBackendError();
    const result = this.resultFromTuple(await backend.restoreGroup(groupId));
    return result?.kind === 'group' ? result : undefined;
  }

  async #sendCanvas<R>(canvas: AnyCanvas, given: ApplyAsyncOptions): Promise<AsyncResult<R> | GroupResult> {
    const { producer, resultOfNode, eager, config, backend, tasks } = this.deps;
    checkCalls(checkedCanvas(canvas, 'applyAsync'), tasks);
    const options = readApplyOptions(given);
    const eagerly = config.taskAlwaysEager ? eager : undefined;
    if (eagerly === undefined && backend?.replyTo !== undefined) await this.#repliesCanCome(backend);
    const sent = await producer.send(canvas, options, sendingTask());
    TaskContext.current()?.noteChild(sent);
    const result = resultOfNode<R>(sent, eagerly?.results);
    if (eagerly !== undefined && config.taskEagerPropagates)
      await result.get({ disableSyncSubtasks: false, timeout: 0 });
    return result;
  }

  async #send<R>(call: AnySignature, given: ApplyAsyncOptions | undefined): Promise<AsyncResult<R>> {
    const { producer, resultOf, eager, config, backend, tasks } = this.deps;
    checkCalls(call, tasks);
    const options = readApplyOptions(given);
    const parent = sendingTask();
    if (config.taskAlwaysEager && eager?.runs(call.task) === true) {
      const { message, target } = producer.plan(call, options, parent);
      const { meta, error } = await eager.run(producer.encode(message), target);
      if (config.taskEagerPropagates && error !== undefined) throw error;
      return resultOf<R>(message.id, settledResult(meta));
    }
    if (backend?.replyTo !== undefined && options.ignoreResult !== true) await this.#repliesCanCome(backend);
    const sent = await producer.send(call, options, parent);
    TaskContext.current()?.noteChild(sent);
    return resultOf<R>(sent.id);
  }

  #nameIn(taskClass: TaskClass, key: string): string | undefined {
    const definition = this.deps.tasks.of(taskClass, key);
    if (definition !== undefined) return definition.name;
    if (typeof Reflect.get(taskClass.prototype as object, key) !== 'function') return undefined;
    throw new InvalidCallError(`${taskClass.name}.${key}`, 'is not a task. Put @Task() on the method.');
  }

  /** Where results travel as messages, their queue must stand before the first task is sent. */
  #repliesCanCome(backend: ResultBackend): Promise<void> {
    const { clock, backendTimeoutMs } = this.deps;
    this.#repliesStand ??= withDeadline(
      clock,
      backendTimeoutMs,
      backend.connect(),
      () => new BackendUnavailableError(backend.url),
    ).catch((error: unknown) => {
      this.#repliesStand = undefined;
      throw error;
    });
    return this.#repliesStand;
  }
}

/** The task whose code is running here: it becomes the parent of what it sends. */
function sendingTask(): SendingTask | undefined {
  const context = TaskContext.current();
  if (context === undefined) return undefined;
  return { id: context.id, rootId: context.rootId, priority: context.deliveryInfo.priority };
}
