import { randomUUID } from 'node:crypto';
import type { ResultBackend } from '../backend/result-backend.js';
import type { Broker, PublishTarget } from '../broker/broker.js';
import type { AnySignature, CallOptions, ResolvedRetryPolicy } from '../canvas/call.options.js';
import { headerName } from '../canvas/read-call-options.js';
import { mergeOptions } from '../canvas/merge-options.js';
import { calledTask } from '../canvas/called-task.js';
import { fromCanvasDict, prepended } from '../canvas/canvas-dict.js';
import type { AnyCanvas } from '../canvas/canvas.js';
import { freeze, withMore } from '../canvas/frozen.js';
import { joined } from '../canvas/membership.js';
import { replacement } from '../canvas/replacement.js';
import { endIdsOf, resultOf, type PlannedResult } from '../canvas/workflow.js';
import { InvalidCallError, InvalidCanvasError, UnsupportedError } from '../errors.js';
import type { EventDispatcher } from '../events/event.dispatcher.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Content } from '../message/content.js';
import type { SignatureDict } from '../message/signature.js';
import { encodeTaskMessage } from '../message/task-message.codec.js';
import type { TaskMessage } from '../message/task-message.js';
import type { WireMessage } from '../message/wire-message.js';
import type { Clock } from '../runtime/clock.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { taskName } from '../task/task-name.js';
import { expirationOf } from './expiration.js';
import { nextAttempt } from './next-attempt.js';
import type { ProducerConfig } from './producer.options.js';
import { publishRepeatedly } from './publish-retry.js';
import type { QueueTable } from './queue-table.js';
import { Router, type Destination, type RoutedCall } from './router.js';
import { launch, launchFrozen, type LaunchDeps } from './launch.js';
import type { Resend, Sender, SendingTask } from './sender.js';
import { sentEvent } from './sent-event.js';
import { taskCallOptions } from './task-call-options.js';
import { publishEvent } from './publish-event.js';
import { buildTaskMessage } from './task-message.builder.js';

export interface ProducerDeps {
  readonly broker: Pick<Broker, 'publish'>;
  /** Counts the parts of chords. Undefined: no results, and no chords. */
  readonly backend: ResultBackend | undefined;
  readonly content: Content;
  readonly queues: QueueTable;
  /** The tasks this process knows; the options of others are their workers' business. */
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly config: ProducerConfig & {
    readonly taskSerializer: string;
    readonly taskCompression: string | undefined;
  };
  /** Queue that results come back to, where they travel as messages. Asked at each call. */
  readonly replyTo: () => string | undefined;
  /** Until a publish with its repetitions must have settled, ms. */
  readonly publishTimeoutMs: number;
  /** Who sends, shown to workers: `gen<pid>@<host>`. */
  readonly origin: string;
  readonly clock: Clock;
  /** Listeners of the application. Default: none. */
  readonly hooks?: Hooks;
  /** Told of each task that is sent. Default: nobody is. */
  readonly events?: EventDispatcher;
  /** Until when nobody can run a message, epoch ms; undefined, at once or later: it may be run. Default: nobody is asked. */
  readonly closedUntil?: (message: TaskMessage) => Promise<number | undefined> | undefined;
}

/** A call planned but not sent: the message, and where it goes. */
export interface PlannedCall {
  readonly message: TaskMessage;
  readonly target: PublishTarget;
  readonly options: CallOptions;
}

export class Producer implements Sender {
  readonly #router: Router;

  constructor(private readonly deps: ProducerDeps) {
    this.#router = new Router(deps.config.taskRoutes, deps.queues);
  }

  async send(
    canvas: AnyCanvas,
    given: CallOptions = NO_OPTIONS,
    parent?: SendingTask,
  ): Promise<PlannedResult> {
    if (canvas.kind === 'task') return this.#sendOne(canvas, given, parent);
    return launch(withMore(canvas, given), this.#launching(parent));
  }

  async replace(canvas: AnyCanvas, host: TaskMessage): Promise<void> {
    const launching = this.#launching(host);
    const workflow = replacement(canvas, host, launching.freezing);
    if (workflow === undefined) {
      throw new InvalidCanvasError(
        canvas.kind,
        `${host.task} cannot be replaced by it: it is empty. Give it a task.`,
      );
    }
    await launchFrozen(workflow, host.embed.chain, launching);
  }

  async addToChord(canvas: AnyCanvas, { groupId, ...host }: TaskMessage): Promise<PlannedResult> {
    const { chord } = host.embed;
    if (chord === undefined || groupId === undefined)
      throw new InvalidCallError(host.task, 'addToChord(): it is not part of any chord');
    const chords = this.deps.backend?.chords;
    if (chords === undefined)
      throw new UnsupportedError('addToChord()', 'the result backend cannot count parts. Use redis://.');
    const launching = this.#launching(host);
    const workflow = freeze(withMore(canvas, { rootId: host.rootId }), launching.freezing);
    if (workflow === undefined) throw new InvalidCanvasError(canvas.kind, 'it is empty: give it a task.');
    const part = joined(workflow, { groupId, chord }, () => undefined);
    await chords.grow(groupId, endIdsOf(part));
    await launchFrozen(part, [], launching);
    return resultOf(part);
  }

  #launching(parent: SendingTask | undefined): LaunchDeps {
    const { backend, replyTo, config } = this.deps;
    const { taskAllowErrorCbOnChordHeader: errorsOnHeader, resultChordLostAfter: lostAfterMs } = config;
    return {
      freezing: { newId: randomUUID, replyTo: replyTo(), errorsOnHeader },
      backend,
      lostAfterMs,
      publish: (call) => this.#sendOne(call, NO_OPTIONS, parent),
    };
  }

  sendDict(
    dict: SignatureDict,
    partial: readonly unknown[],
    given: CallOptions,
    parent: SendingTask,
  ): Promise<PlannedResult> {
    // The task that completed wins over what the dictionary was given when it was frozen.
    const trail: CallOptions = { rootId: parent.rootId, parentId: parent.id, ...given };
    return this.send(withMore(prepended(fromCanvasDict(dict), partial, {}), trail), NO_OPTIONS, parent);
  }

  async resend(retry: Resend): Promise<void> {
    const { message, target } = nextAttempt(retry, { ...this.deps, router: this.#router });
    const { message: before, etaMs } = retry;
    await this.#publish(target, message, NO_OPTIONS, etaMs);
    this.#tell({ ...before, retries: before.retries + 1, etaMs }, target);
  }

  async #sendOne(call: AnySignature, given: CallOptions, parent?: SendingTask): Promise<PlannedResult> {
    const { message, target, options } = this.plan(call, given, parent);
    const { hooks, closedUntil } = this.deps;
    const closed = closedUntil?.(message);
    const closedUntilMs = closed === undefined ? undefined : await closed;
    const told =
      hooks?.has('before-task-publish') === true ? await this.#aboutToPublish(message, target) : message;
    await this.#publish(target, this.encode(told), options, message.etaMs ?? closedUntilMs);
    this.#tell(message, target);
    hooks?.tell('after-task-publish', () => publishEvent(message, target));
    return { id: message.id, parent: undefined, members: undefined };
  }

  /** The message with the headers that listeners add. */
  async #aboutToPublish(message: TaskMessage, target: PublishTarget): Promise<TaskMessage> {
    const added = new Map<string, unknown>();
    const setHeader = (name: string, value: unknown): void => {
      added.set(headerName(name), value);
    };
    await this.deps.hooks?.told('before-task-publish', () => ({
      ...publishEvent(message, target),
      setHeader,
    }));
    if (added.size === 0) return message;
    const customHeaders = Object.freeze({ ...message.customHeaders, ...Object.fromEntries(added) });
    return Object.freeze({ ...message, customHeaders });
  }

  /** Decides everything about a call and sends nothing. */
  plan(call: AnySignature, given: CallOptions, parent: SendingTask | undefined): PlannedCall {
    const { tasks, config, clock, replyTo, origin } = this.deps;
    const task = tasks.get(call.task);
    const name = task?.name ?? taskName(call.task, 'task');
    const asked = mergeOptions(call.options, given);
    const options = task === undefined ? asked : mergeOptions(taskCallOptions(task.config), asked);
    const { args, kwargs } = call;
    const destination = this.#destination({ name, args, kwargs, task }, calledTask(call), options);
    const message = buildTaskMessage(call, options, {
      now: clock.now(),
      serializer: destination.serializer ?? config.taskSerializer,
      compression: destination.compression ?? config.taskCompression,
      priority: destination.priority ?? this.#inherited(parent) ?? config.taskDefaultPriority,
      replyTo: replyTo(),
      origin,
      task: task?.config,
      parent,
    });
    return { message, target: destination.target, options };
  }

  /** A call that calls another task goes where that one's calls go. */
  #destination(call: RoutedCall, called: string | undefined, options: CallOptions): Destination {
    if (called === undefined) return this.#router.route(call, options);
    const task = this.deps.tasks.get(called);
    const own = task === undefined ? options : mergeOptions(taskCallOptions(task.config), options);
    return this.#router.route({ ...call, name: called, task }, own);
  }

  /** The message as it travels, with the properties that only the moment of sending knows. */
  encode(message: TaskMessage): WireMessage {
    const wire = encodeTaskMessage(message, this.deps.content);
    const sentMs = this.deps.clock.now();
    const expiration = expirationOf(message, sentMs);
    const transient = this.deps.config.taskDefaultDeliveryMode === 'transient';
    return Object.freeze({
      ...wire,
      properties: Object.freeze({
        ...wire.properties,
        ...(expiration === undefined ? {} : { expiration }),
        deliveryMode: transient ? 1 : 2,
        sentMs,
      }),
    });
  }

  #inherited(parent: SendingTask | undefined): number | undefined {
    return this.deps.config.taskInheritParentPriority ? parent?.priority : undefined;
  }

  #publish(
    target: PublishTarget,
    wire: WireMessage,
    options: CallOptions,
    notBeforeMs: number | undefined,
  ): Promise<void> {
    const { broker, clock, publishTimeoutMs: deadlineMs } = this.deps;
    const policy = this.#policy(options);
    return publishRepeatedly({ broker, clock, deadlineMs, policy, notBeforeMs }, target, wire);
  }

  #tell(message: TaskMessage, target: PublishTarget): void {
    const { events } = this.deps;
    if (events?.tasks === true) events.tellOfTask('task-sent', sentEvent(message, target));
  }

  #policy({ retry, retryPolicy }: CallOptions): ResolvedRetryPolicy | undefined {
    const { taskPublishRetry, taskPublishRetryPolicy } = this.deps.config;
    if (!(retry ?? taskPublishRetry)) return undefined;
    return retryPolicy === undefined ? taskPublishRetryPolicy : { ...taskPublishRetryPolicy, ...retryPolicy };
  }
}

const NO_OPTIONS: CallOptions = Object.freeze({});
