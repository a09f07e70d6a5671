import { hostname } from 'node:os';
import type { ResultBackend } from '../backend/result-backend.js';
import { MemoryBackend } from '../backend/memory.backend.js';
import { openBackend } from '../backend/result-backend.factory.js';
import type { Broker } from '../broker/broker.js';
import { openBroker } from '../broker/broker.factory.js';
import { brokerSettings } from '../broker/broker.options.js';
import { openScheduleStore } from '../beat/schedule-store.factory.js';
import type { ScheduleStore } from '../beat/schedule.store.js';
import { TaskClient } from '../client/task.client.js';
import { BrokerClosedError, InvalidOptionError, UnsupportedError } from '../errors.js';
import { TaskContext } from '../context/task.context.js';
import { ControlClient } from '../control/control.client.js';
import { EventDispatcher } from '../events/event.dispatcher.js';
import { EventReceiver } from '../events/event.receiver.js';
import { LamportClock } from '../runtime/lamport.clock.js';
import { Hooks, type Hook } from '../hooks/hooks.js';
import type { Content } from '../message/content.js';
import type { ContentConfig } from '../message/content.options.js';
import { openContent } from '../message/content.factory.js';
import { tracebackOf } from '../message/remote-error.js';
import { Producer } from '../producer/producer.js';
import { QueueTable } from '../producer/queue-table.js';
import { AsyncResult, resultOfNode } from '../result/async-result.js';
import type { GroupResult } from '../result/group-result.js';
import type { ResultDeps } from '../result/result.js';
import type { ResultNode } from '../result/result-tuple.js';
import { systemClock, type Clock } from '../runtime/clock.js';
import { harmless } from '../runtime/harmless-log.js';
import type { Log } from '../runtime/logger.js';
import { defineTask } from '../task/define-task.js';
import { KnownTasks } from '../task/known-tasks.js';
import type { TaskDefinition } from '../task/task.definition.js';
import type { TaskOptions } from '../task/task.options.js';
import { TaskRegistry } from '../task/task.registry.js';
import { DEFAULT_APP } from '../tokens.js';
import { isCeleryCommand } from '../worker/control/command-names.js';
import type { OwnCommand } from '../worker/control/dispatch.js';
import type { EagerWorker } from '../worker/eager.worker.js';
import { CargoHold } from '../worker/pool/cargo.js';
import { linkTo, type ParentLink } from '../worker/pool/parent.link.js';
import { openParentPort } from '../worker/pool/parent.port.js';
import { backendOfParent, brokerOfParent } from '../worker/pool/parent.services.js';
import type { TaskHandler } from '../worker/pool/pool.js';
import { joinedHooks, type ProcHooks } from '../worker/pool/proc.hooks.js';
import { Door } from '../worker/limits/door.js';
import { openLimitStore } from '../worker/limits/open-limit-store.js';
import type { Worker } from '../worker/worker.js';
import { handlerOf } from '../worker/task.handler.js';
import { readWorkerOptions, type WorkerOptions } from '../worker/worker.options.js';
import { CeleryBeat } from './celery.beat.js';
import { settingsOf } from './celery.settings.js';
import { catchEscapes } from './escapes.js';
import { backendUrlOf, type CeleryConfig } from './celery.options.js';
import { replyChannelOf } from './broker.reply-channel.js';

/** What an app is opened in. */
export interface Surroundings {
  readonly log: Log;
  readonly clock?: Clock;
  /** Name of the app, where a process has several. */
  readonly name?: string;
}

/**
 * Everything of one app, put together: the only place that says `new` for it. Needs no Nest: a script or a test opens it
 * just so. Longer than most files, as it holds every part.
 */
export class CeleryApp {
  readonly tasks = new TaskRegistry();
  readonly queues: QueueTable;
  readonly producer: Producer;
  readonly client: TaskClient;
  /** Asks and tells the workers of the fleet. */
  readonly control: ControlClient;
  /** Its periodic tasks. */
  readonly beat: CeleryBeat;
  readonly #handlers = new Map<string, TaskHandler>();
  readonly #procHooks: ProcHooks[] = [];
  readonly #commands = new Map<string, OwnCommand>();
  readonly #hooks: Hooks;
  readonly #events: EventDispatcher;
  #worker: Worker | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Opens an app. Connects to nothing yet.
   * @throws InvalidOptionError, MissingPackageError
   */
  static async open(
    config: CeleryConfig,
    { log: given, clock = systemClock, name = DEFAULT_APP }: Surroundings,
  ): Promise<CeleryApp> {
    const log = harmless(given);
    const content = await openContent(config);
    const resultContent = await openContent({
      ...config,
      acceptContent: [...(config.resultAcceptContent ?? config.acceptContent), config.resultSerializer],
    });
    const clientName = `nestjs-celery@${hostname()}`;
    const hold = new CargoHold(await openContent(boundless(config)), config.resultSerializer);
    const link = linkTo(name, hold);
    const ownBroker = await openBroker(brokerSettings(config, { clientName, clock, log }));
    const broker = link === undefined ? ownBroker : brokerOfParent(ownBroker, link);
    const settings = {
      expiresMs: config.resultExpires,
      persistent: config.resultPersistent,
      timeoutMs: config.resultBackendTimeout,
      pollingIntervalMs: config.resultPollingInterval,
      connectTimeoutMs: config.brokerConnectionTimeout,
      transportOptions: config.resultBackendTransportOptions,
      tls: config.resultBackendUseSsl,
      serializer: config.resultSerializer,
      content: resultContent,
      replyChannel: replyChannelOf(broker),
      clientName,
      clock,
      log,
    };
    const own = await openBackend(backendUrlOf(config), settings);
    const backend = link === undefined || own === undefined ? own : backendOfParent(own, link);
    const eagerGroups = new MemoryBackend('memory://', settings);
    const scheduleStore = await openScheduleStore(config, { app: name, clientName, clock, log });
    // What runs tasks is loaded where some are run: a client has no need of it.
    const Eager = config.taskAlwaysEager
      ? (await import('../worker/eager.worker.js')).EagerWorker
      : undefined;
    const opened = { broker, backend, eagerGroups, scheduleStore, content, hold, link, Eager, clock, log };
    return new CeleryApp(config, { ...opened, name });
  }

  readonly broker: Broker;
  /** Undefined: results are kept nowhere. */
  readonly backend: ResultBackend | undefined;

  private constructor(
    readonly config: CeleryConfig,
    private readonly opened: {
      readonly name: string;
      readonly broker: Broker;
      readonly backend: ResultBackend | undefined;
      /** Where groups and chords that run in this process are kept. */
      readonly eagerGroups: ResultBackend;
      readonly scheduleStore: ScheduleStore;
      readonly content: Content;
      readonly hold: CargoHold;
      /** Set in a child of this app's pools. */
      readonly link: ParentLink | undefined;
      /** Loaded where calls run in this process. */
      readonly Eager: typeof EagerWorker | undefined;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {
    const { broker, backend, content, clock } = opened;
    this.broker = broker;
    this.backend = backend;
    this.queues = new QueueTable(config);
    const known = new KnownTasks(this.tasks, config);
    const origin = `gen${process.pid}@${hostname()}`;
    this.#events = new EventDispatcher(
      { ...opened, serializer: 'json', hostname: origin, lamport: new LamportClock() },
      config.taskSendSentEvent,
    );
    this.#hooks = new Hooks(clock, opened.log);
    this.control = new ControlClient({ broker, content, clock, connectTimeoutMs: config.publishTimeout });
    const producerDeps = {
      hooks: this.#hooks,
      backend,
      content,
      queues: this.queues,
      tasks: known,
      config,
      replyTo: () => backend?.replyTo,
      publishTimeoutMs: config.publishTimeout,
      origin,
      clock,
    };
    const eager =
      opened.Eager &&
      new opened.Eager({
        ...opened,
        producerOn: (eagerBroker, results) =>
          new Producer({ ...producerDeps, broker: eagerBroker, backend: results }),
        groups: opened.eagerGroups,
        hooks: this.#hooks,
        tasks: this.tasks,
        handlers: this.#handlers,
        resultOf: (node) => this.resultOfNode(node),
        config: readWorkerOptions(config.workerOptions),
      });
    const random = (): number => Math.random();
    // A child of a pool has no connection to count with.
    const counts = broker.supports.holdsBack && opened.link === undefined;
    const store = counts ? openLimitStore({ ...opened, random }) : undefined;
    const door = new Door({ ...opened, store, tasks: this.tasks, random });
    this.producer =
      eager?.producer ??
      new Producer({
        ...producerDeps,
        broker,
        events: this.#events,
        closedUntil: (message) => door.closedUntil(message),
      });
    this.client = new TaskClient({
      producer: this.producer,
      tasks: known,
      backend,
      resultOf: (id, from) => this.resultOf(id, from),
      resultOfNode: (node, from) => this.resultOfNode(node, from),
      eager,
      config,
      backendTimeoutMs: config.resultBackendTimeout,
      clock,
    });
    this.beat = new CeleryBeat({
      ...opened,
      store: opened.scheduleStore,
      producer: this.producer,
      producerOn: (publisher) => new Producer({ ...producerDeps, broker: publisher, events: this.#events }),
      send: async (call) => this.resultOf((await this.producer.send(call)).id),
      tasks: known,
      taskNames: () => this.tasks.all().map(({ name }) => name),
      hooks: this.#hooks,
      config,
    });
  }

  /** @throws InvalidOptionError when the name is taken, naming both places */
  addTask(definition: TaskDefinition, handler: TaskHandler): void {
    this.tasks.add(definition);
    this.#handlers.set(definition.name, handler);
  }

  /** Adds what is done once in each process or thread that runs handlers: first in, last out. */
  addProcHooks(hooks: ProcHooks): void {
    this.#procHooks.push(hooks);
  }

  /**
   * Adds a remote command of the application's own. `@ControlCommand()` adds its by this.
   * @param source where it stands, for errors
   * @throws InvalidOptionError when the name is taken, by another or by Celery
   */
  addCommand(name: string, command: OwnCommand, source: string = name): void {
    if (isCeleryCommand(name) || this.#commands.has(name)) {
      const owner = isCeleryCommand(name) ? "one of Celery's" : 'declared twice';
      throw new InvalidOptionError(
        source,
        `the remote command ${JSON.stringify(name)} is ${owner}. Give it another name.`,
      );
    }
    this.#commands.set(name, command);
  }

  /** Hears the events of every worker, Python's and ours, once it is started. Each call makes another, whoever asks ends it. */
  eventReceiver(): EventReceiver {
    const { broker, content, log } = this.opened;
    return new EventReceiver({ broker, content, lamport: new LamportClock(), log });
  }

  get log(): Log {
    return this.opened.log;
  }

  /** Adds a listener: Celery's signals. `@OnTaskEvent()` and `@OnWorkerEvent()` add theirs by this. */
  addHook(hook: Hook): void {
    this.#hooks.add(hook);
  }

  /**
   * Adds a task without Nest: a plain function, which gets the `TaskContext` first with `bind: true`.
   * @throws InvalidOptionError for a bad option or a name that is taken
   */
  defineTask(name: string, options: Omit<TaskOptions, 'name'>, code: (...args: never[]) => unknown): void {
    const contextIndex = options.bind === true ? 0 : undefined;
    const declared = {
      name,
      options: { ...options, name },
      contextIndex,
      decorated: [],
      method: code,
      source: name,
    };
    const definition = defineTask(declared, this.config);
    const call = code as (...args: unknown[]) => unknown;
    const run = (context: TaskContext, args: readonly unknown[]): unknown =>
      contextIndex === 0 ? call(context, ...args) : call(...args);
    this.addTask(definition, handlerOf(definition, run));
  }

  resultOf<R>(taskId: string, backend?: ResultBackend): AsyncResult<R> {
    return new AsyncResult<R>(taskId, this.#resultDeps(backend));
  }

  /** The handle on what a canvas came to, with those before it and those of its members. */
  resultOfNode<R>(node: ResultNode, backend?: ResultBackend): AsyncResult<R> | GroupResult {
    return resultOfNode<R>(node, this.#resultDeps(backend));
  }

  #resultDeps(backend: ResultBackend | undefined = this.backend): ResultDeps {
    const { clock } = this.opened;
    const insideTask = (): boolean => TaskContext.current() !== undefined;
    const revoke = (ids: string | readonly string[]): Promise<void> => this.revoke(ids);
    return { backend, clock, revoke, insideTask };
  }

  /**
   * Tells every worker that listens now not to run these tasks. Those that run already run on. Resolves when the broker
   * has the command; no worker answers it.
   */
  async revoke(taskIds: string | readonly string[]): Promise<void> {
    await this.control.fleet().revoke(taskIds);
  }

  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** True in a child of this app's pools: `startWorker` serves the parent there. */
  get isPoolChild(): boolean {
    return this.opened.link !== undefined;
  }

  /**
   * Starts this process's worker. In a child of its pools it takes the child's part instead and never returns: the process
   * or thread ends with it.
   * @param options over those of the app's own `worker` option
   * @throws InvalidOptionError; BrokerUnavailableError with `brokerConnectionRetryOnStartup: false`; what keeps a child of
   * its pools from starting
   */
  async startWorker(options: WorkerOptions = {}): Promise<Worker> {
    const { config, opened } = this;
    if (opened.link !== undefined) return this.serveParent(() => this.close(), options);
    const workerConfig = readWorkerOptions({ ...config.workerOptions, ...options });
    const { Worker } = await import('../worker/worker.js');
    if (this.#closing !== undefined) throw new BrokerClosedError(this.broker.url);
    const worker = new Worker({
      ...opened,
      sender: this.producer,
      queues: this.queues,
      tasks: this.tasks,
      handlers: this.#handlers,
      resultOf: (node) => this.resultOfNode(node),
      config: workerConfig,
      settings: settingsOf(config, workerConfig),
      commands: this.#commands,
      hooks: this.#hooks,
      children: { app: opened.name, hold: opened.hold },
      procHooks: joinedHooks(this.#procHooks, opened.log),
    });
    // A child of one app's pools is no worker of another's.
    if (openParentPort() !== undefined) return worker;
    this.#worker = worker;
    if (!config.brokerConnectionRetryOnStartup) {
      await this.broker.connect({ failFast: true });
      await this.backend?.connect({ failFast: true });
    }
    await worker.start();
    return worker;
  }

  /**
   * A child's part: runs handlers until the parent lets go of it, then closes, and ends this process or thread.
   * @throws UnsupportedError in a process that is no child of this app's pools
   */
  async serveParent(close: () => Promise<void>, options: WorkerOptions = {}): Promise<never> {
    const { link, log } = this.opened;
    if (link === undefined) throw new UnsupportedError('serveParent()', 'this process is no child of a pool');
    const { ChildWorker } = await import('../worker/child.worker.js');
    // The parent hears of one that goes: nobody's errors are logged, and its next task may be well.
    catchEscapes(log, () => undefined);
    const child = new ChildWorker({
      ...this.opened,
      link,
      sender: this.producer,
      tasks: this.tasks,
      handlers: this.#handlers,
      resultOf: ({ id }) => this.resultOf(id),
      hooks: joinedHooks(this.#procHooks, log),
      listeners: this.#hooks,
      config: readWorkerOptions({ ...this.config.workerOptions, ...options }),
    });
    try {
      await child.serve();
      await close();
      return await link.port.leave(0);
    } catch (error) {
      log.error(`A child of pool ${link.port.mark.pool} ends: ${String(error)}`, tracebackOf(error));
      return link.port.leave(1);
    }
  }

  /** Stops the worker as `Worker.stop` does, then lets go of backend and broker. Safe to repeat. */
  close(graceMs?: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number | undefined): Promise<void> {
    // Side by side: a worker that is to stop says so at once.
    await Promise.all([this.beat.close(), this.#worker?.stop(graceMs)]);
    await this.#events.flush();
    await this.control.close();
    await this.backend?.close();
    await this.broker.close();
  }
}

/** What passes between a worker and its children was let in, or made, by one of them. */
function boundless(config: CeleryConfig): ContentConfig {
  const [maxBodyBytes, maxBodyElements] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  return { ...config, acceptContent: [config.resultSerializer], maxBodyBytes, maxBodyElements };
}
