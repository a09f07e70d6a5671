import type { AnyCanvas } from '../canvas/canvas.js';
import { InvalidOptionError } from '../errors.js';
import type { PlannedResult } from '../canvas/workflow.js';
import type { TaskMessage } from '../message/task-message.js';
import type { Canvas, Group } from '../canvas/canvas.types.js';
import type { AsyncResult } from '../result/async-result.js';
import type { GroupResult } from '../result/group-result.js';
import { nearest } from '../runtime/nearest.js';
import { durationMs, type Duration } from '../runtime/duration.js';
import { ownerNow, runAs, type Escape, type Owner } from '../runtime/owner.js';
import { IS_TASK_CONTEXT } from '../task/task.metadata.js';
import { Retry, type RetryRequest } from '../task/task.signals.js';
import { Replace } from './replace.js';

/** What a task run may do besides returning: made by the worker for each attempt. */
export interface TaskEffects {
  updateState(state: string, meta: unknown): Promise<void>;
  send<R>(canvas: AnyCanvas): Promise<AsyncResult<R> | GroupResult>;
  addToChord<R>(canvas: AnyCanvas): Promise<AsyncResult<R> | GroupResult>;
  /** The handler has sent a task by itself, through a client: it is one of this one's children. */
  childSent(child: PlannedResult): void;
  /** An error got away from the handler: what no `await` of it saw. */
  escaped(thrown: unknown): Escape;
}

/** Where the message of this attempt came from. */
export interface DeliveryInfo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly queue: string;
  readonly redelivered: boolean;
  readonly priority: number;
}

/** One attempt at a task, as its handler sees it: Celery's `self.request` with the methods of `self`. */
export class TaskContext implements Owner {
  /** Marks the class, so that a task's parameter of this type is known by it. */
  static readonly [IS_TASK_CONTEXT] = true;

  /** What ended the handler on purpose, kept here because an exception filter may swallow what was thrown. */
  #steered: Retry | Replace | undefined;

  constructor(
    private readonly message: TaskMessage,
    readonly deliveryInfo: DeliveryInfo,
    /** Node name of the worker: `celery@host`. */
    readonly hostname: string,
    /** Retries allowed after the first attempt; null: for ever. */
    readonly maxRetries: number | null,
    /** The signal, or what makes it on first use: most handlers never look at it. */
    private readonly abort: AbortSignal | (() => AbortSignal),
    /** True under `taskAlwaysEager`. */
    readonly isEager: boolean,
    private readonly effects: TaskEffects,
  ) {}

  /** The context of the task that is running here, in code that was not handed it; undefined outside a task. */
  static current(): TaskContext | undefined {
    const owner = ownerNow();
    return owner instanceof TaskContext ? owner : undefined;
  }

  /** For log lines. */
  get label(): string {
    return `Task ${this.message.task}[${this.message.id}]`;
  }
  get id(): string {
    return this.message.id;
  }
  get name(): string {
    return this.message.task;
  }
  get args(): readonly unknown[] {
    return this.message.args;
  }
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.message.kwargs;
  }
  /** Retries before this attempt: 0 on the first. */
  get retries(): number {
    return this.message.retries;
  }
  get eta(): Date | undefined {
    return dateOf(this.message.etaMs);
  }
  get expires(): Date | undefined {
    return dateOf(this.message.expiresMs);
  }
  get rootId(): string {
    return this.message.rootId;
  }
  get parentId(): string | undefined {
    return this.message.parentId;
  }
  get groupId(): string | undefined {
    return this.message.groupId;
  }
  /** The caller's own headers. */
  get headers(): Readonly<Record<string, unknown>> {
    return this.message.customHeaders;
  }
  get stamps(): Readonly<Record<string, unknown>> {
    return this.message.stamps;
  }
  /** Aborted by the soft time limit, revoke and shutdown; its `reason` says which. */
  get signal(): AbortSignal {
    return typeof this.abort === 'function' ? this.abort() : this.abort;
  }
  get correlationId(): string {
    return this.message.correlationId;
  }
  get replyTo(): string | undefined {
    return this.message.replyTo;
  }

  /** Stores a state of the task's own, for example `PROGRESS`, with data that `AsyncResult.info()` gives. */
  updateState(state: string, meta?: unknown): Promise<void> {
    return this.effects.updateState(state, meta);
  }

  /** Sends another task as a child of this one: it gets this task's root id, and this one lists it in its `children`. */
  send<R extends readonly unknown[]>(group: Group<[], R>): Promise<GroupResult<R>>;
  send<R = unknown>(canvas: Canvas<[], R>): Promise<AsyncResult<R>>;
  send(canvas: AnyCanvas): Promise<AsyncResult<unknown> | GroupResult>;
  send<R>(canvas: AnyCanvas): Promise<AsyncResult<R> | GroupResult> {
    return this.effects.send<R>(canvas);
  }

  /**
   * Sends one more part of the chord that this task is part of: its body waits for it too, and gets its result
   * behind those of the header (Celery's `add_to_chord`).
   * @throws InvalidCallError when this task is part of no chord; UnsupportedError where chords are not counted
   */
  addToChord<R = unknown>(canvas: AnyCanvas): Promise<AsyncResult<R> | GroupResult> {
    return this.effects.addToChord<R>(canvas);
  }

  /**
   * Ends this task and puts a canvas in its place: whoever waits for this task, callbacks and the rest of its chain
   * included, waits for that one's end (Celery's `replace`). A group's result is the list.
   * @throws Replace always: nothing after the call runs
   */
  replace(canvas: AnyCanvas): never {
    this.#steered = new Replace(canvas);
    throw this.#steered;
  }

  /** The same attempt with another task's name and arguments: how `celery.map` calls the task it is given. */
  as(task: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): TaskContext {
    const { message, deliveryInfo, hostname, maxRetries, abort, isEager, effects } = this;
    const call = Object.freeze({ ...message, task, args, kwargs });
    return new TaskContext(call, deliveryInfo, hostname, maxRetries, abort, isEager, effects);
  }

  /** Lists a task that was sent in another way than by `send` among the `children`. The client does it. */
  noteChild(child: PlannedResult): void {
    this.effects.childSent(child);
  }

  /**
   * Ends this attempt and runs the task again later. Once no retry is left the task fails with `cause`, or with
   * `MaxRetriesExceeded`.
   * @throws Retry always: nothing after the call runs
   */
  retry(options: RetryOptions = {}): never {
    this.#steered = new Retry(readRetryOptions(options));
    throw this.#steered;
  }

  /** What `retry()` or `replace()` asked for in this attempt, whatever became of the throw. */
  get steered(): Retry | Replace | undefined {
    return this.#steered;
  }

  /** The worker tells what no `await` of the handler saw. */
  escaped(thrown: unknown): Escape {
    return this.effects.escaped(thrown);
  }

  /** Runs `body` with this as `TaskContext.current()`. */
  run<T>(body: () => T): T {
    return runAs(this, body);
  }
}

/** `task.retry()` as users write it. */
export interface RetryOptions {
  /** Wait before the next attempt. Default: the task's `defaultRetryDelay` (180 s). */
  countdown?: Duration;
  /** Instant of the next attempt. Wins over `countdown`. */
  eta?: Date;
  /** Retries allowed for this decision; null: for ever. */
  maxRetries?: number | null;
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
  queue?: string;
  priority?: number;
  /** Becomes the failure when no retry is left, and the `exception` of the RETRY state. */
  cause?: unknown;
}

const RETRY_OPTIONS: readonly string[] = [
  'countdown',
  'eta',
  'maxRetries',
  'args',
  'kwargs',
  'queue',
  'priority',
  'cause',
] satisfies readonly (keyof RetryOptions)[];

/** @throws InvalidOptionError for an unknown option, with the one that was meant */
export function readRetryOptions(options: RetryOptions): RetryRequest {
  const unknown = Object.keys(options).find((key) => !RETRY_OPTIONS.includes(key));
  if (unknown !== undefined) {
    const meant = nearest(unknown, RETRY_OPTIONS);
    const way = meant === undefined ? `Known: ${RETRY_OPTIONS.join(', ')}` : `Did you mean ${meant}?`;
    throw new InvalidOptionError(`retry.${unknown}`, `unknown option. ${way}`);
  }
  const { countdown, eta, ...rest } = options;
  return Object.freeze({
    ...rest,
    ...(countdown === undefined ? {} : { countdownMs: durationMs(countdown, 'retry.countdown') }),
    ...(eta === undefined ? {} : { etaMs: eta.getTime() }),
  });
}

function dateOf(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs);
}
