import type { Broker } from '../broker/broker.js';
import type { QueueDeclaration } from '../broker/topology.js';
import { EventDispatcher } from '../events/event.dispatcher.js';
import { LamportClock } from '../runtime/lamport.clock.js';
import type { WorkerHookName } from '../hooks/hook.events.js';
import { startAll, stopAll, type Service } from '../runtime/service.js';
import type { Rate } from '../task/limit.options.js';
import { AttemptEffects } from './attempt.effects.js';
import { chordHome } from './chord-home.js';
import { ChordSweeper } from './chord.sweeper.js';
import { addBuiltins, builtinTasks } from './builtin.tasks.js';
import { shortBatches } from './batch/short-batches.js';
import { Consumer } from './consumer.js';
import type { Settings } from './control/host.js';
import { openControl } from './control/open-control.js';
import { openHealth, type HealthParts } from './health/open-health.js';
import { healthOf, type WorkerHealth } from './health/readiness.js';
import { HandlerRunner } from './handler.runner.js';
import { KeepAlive } from './keep-alive.js';
import { leftBehindText, type LeftBehind } from './left-behind.js';
import { LaterRequeues } from './later-requeues.js';
import { LimitOverrides } from './limit.overrides.js';
import { Limits } from './limits/limits.js';
import { openLimitStore } from './limits/open-limit-store.js';
import { openSettlement } from './open-settlement.js';
import { Autoscaler, resize } from './pool/autoscaler.js';
import { DEFAULT_POOL, poolSize, scaleRange, type ScaleRange } from './pool/pool.options.js';
import { Pools } from './pool/pools.js';
import { NO_HOOKS } from './pool/proc.hooks.js';
import { Quarantine } from './quarantine.js';
import { RequestRunner } from './request.runner.js';
import { ResultRecorder } from './result.recorder.js';
import { RevokedTasks } from './revoked.js';
import { openStartStore } from './starts/open-start-store.js';
import { StartedTasks } from './started.tasks.js';
import { StateFile } from './state.file.js';
import { TaskEvents } from './task.events.js';
import { TaskHooks } from './task.hooks.js';
import { joinedObservers, type TaskObserver } from './task.observer.js';
import { TaskLog } from './task.log.js';
import { UnrunnableMessages } from './unrunnable.js';
import { chosenQueues } from './chosen-queues.js';
import type { WorkerDeps } from './worker.deps.js';
import type { WorkerStatus } from './worker.status.js';

/**
 * Runs the tasks of this process. Starts once; a stopped worker stays stopped.
 *
 * Longer than most files: the one place that puts a worker's parts together, and starts and stops them in order.
 */
export class Worker {
  /** Node name: `celery@host`. */
  readonly hostname: string;
  readonly #services: readonly Service[];
  readonly #keepAlive = new KeepAlive();
  readonly #consumer: Consumer;
  readonly #runner: RequestRunner;
  readonly #pools: Pools;
  readonly #limits: Limits;
  readonly #autoscaler: Autoscaler;
  readonly #health: HealthParts;
  #onStopped = (): void => undefined;
  /** Resolves once it has stopped, whoever stopped it. */
  readonly stopped = new Promise<void>((resolve) => (this.#onStopped = resolve));
  #state: WorkerStatus['state'] = 'new';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(private readonly deps: WorkerDeps) {
    const { broker, backend, sender, tasks, config, clock, log } = deps;
    this.hostname = config.hostname;
    const random = deps.random ?? Math.random;
    const recorder = new ResultRecorder({ backend, clock, config });
    const later = new LaterRequeues(clock);
    const taskLog = new TaskLog(log, config);
    const { hostname, stateDb } = config;
    const lamport = new LamportClock();
    const started = new StartedTasks(clock);
    const limitOverrides = new LimitOverrides();
    const events = new EventDispatcher(
      {
        broker,
        content: deps.content,
        serializer: 'json',
        hostname,
        lamport,
        clock,
        log,
      },
      config.sendEvents,
    );
    const { hooks } = deps;
    const observer = joinedObservers([
      ...(config.maxTasks > 0 ? [this.#stopAfter(config.maxTasks)] : []),
      started,
      new TaskEvents(events, config.eventArguments),
      new TaskHooks(hooks),
    ]);
    const attempt = { recorder, sender, resultOf: deps.resultOf, clock, random };
    const code = new Map(deps.handlers);
    const handlers = new HandlerRunner({
      handlers: code,
      effectsOf: (request) => new AttemptEffects(request, attempt),
      hostname: config.hostname,
      hooks,
      clock,
      random,
    });
    const pools = new Pools({
      config,
      runHandler: handlers.run,
      hooks: deps.procHooks ?? NO_HOOKS,
      children: deps.children,
      broker,
      backend,
      clock,
      random,
      log,
    });
    this.#pools = pools;
    this.#limits = new Limits({
      tasks,
      store: openLimitStore({ broker, backend, clock, random, log }),
      url: broker.url,
      clock,
      random,
      log,
    });
    this.#autoscaler = new Autoscaler({ units: pools.units, clock, log });
    this.#runner = new RequestRunner({
      poolOf: (request) => pools.runs(request),
      limits: limitOverrides,
      config,
      clock,
      log,
    });
    const quarantine = new Quarantine(broker, clock);
    const { settlement, end, errbacks } = openSettlement({
      backend,
      brokerUrl: broker.url,
      recorder,
      sender,
      tasks,
      runner: this.#runner,
      hostname: config.hostname,
      later,
      quarantine,
      taskLog,
      observer,
      clock,
    });
    const builtins = builtinTasks({
      backend,
      sender,
      end,
      retryIntervalSeconds: config.resultChordRetryInterval / 1000,
      handlerOf: (name) => code.get(name),
    });
    addBuiltins(builtins, tasks, code);
    const revoked = new RevokedTasks(clock);
    this.#consumer = new Consumer({
      broker,
      queues: chosenQueues(deps.queues, config),
      content: deps.content,
      tasks,
      isRevoked: deps.isRevoked ?? ((message) => revoked.covers(message)),
      runner: this.#runner,
      slotsOf: (request) => pools.of(request).slots,
      runsApart: (request) => pools.runsApart(request),
      limits: this.#limits,
      places: () => pools.places,
      starts: openStartStore(broker, backend),
      recorder,
      settlement,
      unrunnable: new UnrunnableMessages({
        config,
        tasks,
        quarantine,
        recorder,
        end,
        errbacks,
        later,
        observer,
        clock,
        log,
      }),
      later,
      taskLog,
      observer,
      config,
      clock,
      log,
    });
    const control = openControl({
      broker,
      content: deps.content,
      config,
      tasks,
      queues: deps.queues,
      sender,
      lamport,
      events,
      revoked,
      started,
      limits: limitOverrides,
      consumer: this.#consumer,
      pools,
      settings: deps.settings ?? (() => NO_SETTINGS),
      commands: deps.commands ?? new Map(),
      rates: this.#limits,
      worker: this,
      clock,
      log,
    });
    this.#health = openHealth({
      config: config.health,
      broker,
      hostname,
      health: () => this.health,
      status: () => this.status,
      clock,
      log,
    });
    const homes = (): string[] => this.queues.map(({ name }) => chordHome(broker.url, name));
    // The order is the design: what is below may use what is above. Stops bottom-up.
    this.#services = [
      this.#keepAlive,
      ...this.#health.tellers,
      connection('broker', broker),
      ...(backend === undefined ? [] : [connection('result backend', backend)]),
      this.#limits,
      // What was told last is told before the worker is gone.
      { name: 'events', start: async () => undefined, stop: () => events.flush() },
      // Before the first message: what was revoked is not run.
      ...(stateDb === undefined ? [] : [new StateFile({ file: stateDb, revoked, lamport, clock, log })]),
      ...control.presence,
      pools,
      this.#autoscaler,
      ...control.hearing,
      ...(backend?.chords === undefined
        ? []
        : [new ChordSweeper({ chords: backend.chords, end, homes, clock, log })]),
      this.#consumer,
      ...this.#health.probes,
    ];
  }

  /** Those it consumes now. */
  get queues(): readonly QueueDeclaration[] {
    return this.#consumer.queues;
  }

  get status(): WorkerStatus {
    const { broker } = this.deps;
    const { leaked } = this.#runner;
    const pools = this.#pools.units.map(({ name, pool: { kind, ready }, slots }) => {
      return { name, kind, size: slots.size, ready, running: slots.busy, waiting: slots.waiting };
    });
    return { state: this.#state, connected: broker.connected, ...this.#consumer.counts, leaked, pools };
  }

  /** Once it has stopped: what the broker did not answer about, and may hand out again. */
  get leftBehind(): LeftBehind {
    return this.#consumer.leftBehind;
  }

  /** Whether it takes and runs tasks now. Probe messages count where the option `health` asks for them. */
  get health(): WorkerHealth {
    const { state, connected, pools } = this.status;
    const { missingQueues: missing } = this.#consumer;
    return healthOf({
      state,
      connected,
      pools,
      missing,
      url: this.deps.broker.url,
      probe: this.#health.probe(),
    });
  }

  /** Where it answers probes: `http://127.0.0.1:8080`. Undefined: it does not, or not now. */
  get healthUrl(): string | undefined {
    return this.#health.url();
  }

  /** Connects and starts consuming; keeps the process alive from here on. Safe to repeat. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Starts, and resolves once the worker has been stopped. */
  async run(): Promise<void> {
    // Stopped while its broker is still away, it will never have started.
    await Promise.race([this.start(), this.stopped]);
    await this.stopped;
  }

  /**
   * Stops taking tasks, gives back those that do not run, and lets the others come to their end within the grace time. Then
   * their signals are aborted with `WorkerShuttingDown`, and what does not end soon after goes back to its queue. Broker and
   * backend stay open. Safe to repeat; a later call with a shorter time hurries the first.
   * @param graceMs default: the option `shutdownGrace`
   */
  stop(graceMs: number = this.deps.config.shutdownGrace): Promise<void> {
    if (this.#stopping === undefined) this.#stopping = this.#stop(graceMs);
    else if (this.#state === 'stopping') void this.#consumer.stop(graceMs);
    return this.#stopping;
  }

  /**
   * Gives a pool another size from now on; the prefetch follows. One that scales by itself is left at this size.
   * @param size handlers at once, 1 or more
   * @param name default: the pool of most tasks
   * @throws InvalidOptionError for a pool that the worker has not, or a bad size
   */
  async resizePool(size: number, name: string = DEFAULT_POOL): Promise<void> {
    const unit = this.#pools.named(name);
    const read = poolSize(unit.pool.kind, size);
    unit.range = undefined;
    resize(unit, read);
    await this.#followPools();
  }

  /**
   * Lets a pool scale between two sizes from now on, as there is work; the prefetch follows.
   * @throws InvalidOptionError for a pool that the worker has not or that cannot scale, or a bad range
   */
  async autoscale(range: ScaleRange, name: string = DEFAULT_POOL): Promise<void> {
    const unit = this.#pools.named(name);
    const read = scaleRange(range, 'autoscale');
    poolSize(unit.pool.kind, read.max);
    unit.range = read;
    await this.#followPools();
  }

  async #followPools(): Promise<void> {
    this.#autoscaler.look();
    await this.#consumer.adjustPrefetch();
  }

  /**
   * Gives a task another rate limit, until this process ends (Celery's `rate_limit` command). Tasks that wait for a start
   * kept for them keep it.
   * @param rate `'10/s'`, `'100/m'`, `'5/h'`, a number per second; `null` or 0: no limit
   * @throws NotRegistered, InvalidOptionError
   */
  setRateLimit(taskName: string, rate: Rate): void {
    this.#limits.setRateLimit(taskName, rate);
  }

  async #start(): Promise<void> {
    if (this.#stopping !== undefined) throw new Error('This worker has been stopped. Make a new one.');
    const { log, broker } = this.deps;
    this.#state = 'starting';
    await this.#tell('worker-init');
    try {
      await startAll(this.#services);
    } catch (error) {
      this.#end();
      throw error;
    }
    if (this.#stopping !== undefined) return stopAll(this.#services);
    this.#become('running');
    const names = this.queues.map((queue) => queue.name).join(', ');
    const pools = this.#pools.units.map(({ name, pool: { kind }, slots: { size } }) => {
      return `${name === DEFAULT_POOL ? '' : `${name}: `}${kind} × ${size}`;
    });
    await this.#tell('worker-ready');
    log.log(`${this.hostname} ready: ${names} on ${broker.url}, ${pools.join(', ')}`);
    this.#warnOfMissingPools();
    this.#warnOfShortBatches();
  }

  async #stop(graceMs: number): Promise<void> {
    const { log } = this.deps;
    const wasRunning = this.#state === 'running';
    this.#become('stopping');
    try {
      if (wasRunning) {
        const running = this.#consumer.counts.running;
        log.log(`${this.hostname} stopping: ${running} tasks are running and have ${graceMs / 1000}s to end`);
      }
      await this.#tell('worker-shutting-down');
      await this.#consumer.stop(graceMs);
      const left = leftBehindText(this.leftBehind, this.deps.broker.url);
      if (left !== undefined) log.error(left);
      if (wasRunning) await this.#tell('worker-shutdown');
      // A start that waits for its broker is not waited for: it stops its services itself, should it ever get so far.
      await stopAll(wasRunning ? this.#services : [this.#keepAlive, ...this.#health.tellers]);
      if (wasRunning) log.log(`${this.hostname} stopped`);
    } finally {
      this.#end();
    }
  }

  #become(state: WorkerStatus['state']): void {
    this.#state = state;
    this.#health.changed();
  }

  /** Stops the worker once so many tasks have ended; those under way with the last one end too. */
  #stopAfter(count: number): TaskObserver {
    let left = count;
    const nothing = (): void => undefined;
    const ended = (): void => {
      left -= 1;
      if (left === 0) void this.stop();
    };
    return { received: nothing, started: nothing, ended, unknown: nothing };
  }

  #tell(on: WorkerHookName): Promise<void> {
    const { hostname } = this;
    return this.deps.hooks.told(on, () => ({ hostname }));
  }

  #warnOfMissingPools(): void {
    const { tasks, log } = this.deps;
    for (const { name, config } of tasks.all()) {
      if (config.pool === undefined || this.#pools.get(config.pool) !== undefined) continue;
      log.warn(
        `Task ${name} names the pool ${JSON.stringify(config.pool)}, which this worker has not: its own runs it. ` +
          'Name it in the option `pools`.',
      );
    }
  }

  #warnOfShortBatches(): void {
    const { tasks, config, log } = this.deps;
    if (!config.gatherBatches) return;
    for (const line of shortBatches(tasks.all(), this.#consumer.queuePrefetch)) log.warn(line);
  }

  #end(): void {
    this.#state = 'stopped';
    this.#onStopped();
  }
}

const NO_SETTINGS: Settings = Object.freeze({ given: {}, all: {} });

/** Opened by others and closed by them: the worker only needs it to stand. */
function connection(name: string, opened: Pick<Broker, 'connect'>): Service {
  return { name, start: () => opened.connect(), stop: async () => undefined };
}
