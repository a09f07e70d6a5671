import type { Broker, ConsumeOptions, Delivery, Subscription } from '../broker/broker.js';
import type { QueueDeclaration } from '../broker/topology.js';
import { embedProblem } from '../canvas/check-embed.js';
import { UndecodableMessageError } from '../errors.js';
import type { Content } from '../message/content.js';
import { tracebackOf } from '../message/remote-error.js';
import { decodeTaskMessage } from '../message/task-message.codec.js';
import type { TaskMessage } from '../message/task-message.js';
import { ChurnSet } from '../runtime/churn.set.js';
import type { Clock } from '../runtime/clock.js';
import { failpoint } from '../runtime/failpoint.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import type { Slots } from '../runtime/slots.js';
import { unreachable } from '../runtime/unreachable.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { WorkerShuttingDown } from '../task/task.signals.js';
import { admit, type Verdict } from './admission.js';
import { Attempts, revoked } from './attempts.js';
import { Collector } from './batch/collector.js';
import { EtaHolder } from './eta.holder.js';
import { LastTaken } from './last-taken.js';
import type { LaterRequeues } from './later-requeues.js';
import { NOTHING_LEFT, type LeftBehind } from './left-behind.js';
import { FloodSifter } from './limits/flood.sifter.js';
import type { Entry, Limits } from './limits/limits.js';
import { PoolRoom, type Places } from './pool.room.js';
import { prefetchOf, totalPrefetch, type PrefetchFacts } from './prefetch.js';
import { printable } from './printable.js';
import { QueuesApart } from './queues-apart.js';
import { Request } from './request.js';
import type { RequestRunner } from './request.runner.js';
import type { ResultRecorder } from './result.recorder.js';
import type { Settlement } from './settlement.js';
import type { StartStore } from './starts/start-store.js';
import { Suspects } from './starts/suspects.js';
import { StopWatch } from './stop-watch.js';
import type { TaskObserver } from './task.observer.js';
import { errorText, type TaskLog } from './task.log.js';
import type { UnrunnableMessages } from './unrunnable.js';
import type { WorkerConfig } from './worker.options.js';

export interface ConsumerDeps {
  readonly broker: Broker;
  readonly queues: readonly QueueDeclaration[];
  readonly content: Content;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly isRevoked: (message: TaskMessage) => boolean;
  readonly runner: RequestRunner;
  /** The places of the pool that a request runs in. */
  readonly slotsOf: (request: Request) => Slots;
  /** Whether it runs in a process or thread of its own. */
  readonly runsApart: (request: Request) => boolean;
  readonly limits: Limits;
  /** Of each pool. */
  readonly places: () => readonly Places[];
  /** Undefined: nobody counts how often a task was begun. */
  readonly starts: StartStore | undefined;
  readonly recorder: ResultRecorder;
  readonly settlement: Settlement;
  readonly unrunnable: UnrunnableMessages;
  readonly later: LaterRequeues;
  readonly taskLog: TaskLog;
  readonly observer: TaskObserver;
  readonly config: WorkerConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The loop of a worker: delivery → decode → admit → slot → run → settle. `prefetch` bounds what is taken, the slots bound
 * what runs. Everything that can go wrong with a message ends in a logged outcome; nothing is thrown at the broker.
 *
 * Longer than most files: every way that a message can take through a worker is better read in one place.
 */
export class Consumer implements Service {
  readonly name = 'consumer';
  readonly #held: EtaHolder;
  readonly #attempts: Attempts;
  readonly #collector: Collector;
  readonly #room: PoolRoom;
  readonly #lastTaken: LastTaken;
  #prefetch: number;
  #queues: readonly QueueDeclaration[];
  readonly #holdMs: number;
  /** Taken and not ended, in the order of arrival. */
  readonly #inHand = new ChurnSet<Request>();
  /** What goes on besides requests: messages put away, deferred, looked at. */
  readonly #asides = new Set<Promise<void>>();
  /** Came while stopping. */
  readonly #unopened: Delivery[] = [];
  #subscription: Subscription | undefined;
  #sifter: FloodSifter | undefined;
  #stopping: StopWatch | undefined;
  #stopped: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;
  #running = 0;
  /** Those whose places were given away before they were settled. */
  #settling = 0;
  #processed = 0;
  #leftBehind = NOTHING_LEFT;

  constructor(private readonly deps: ConsumerDeps) {
    const { config, broker, clock } = deps;
    this.#queues = deps.queues;
    this.#room = new PoolRoom(deps.places);
    this.#lastTaken = new LastTaken(clock);
    this.#prefetch = prefetchOf(this.#prefetchFacts);
    this.#holdMs = config.etaHold ?? broker.supports.deferResolutionMs;
    this.#held = new EtaHolder(() => this.#mostHeld, clock);
    const suspects = new Suspects({
      store: deps.starts,
      most: config.maxDeliveries ?? MOST_STARTS,
      log: deps.log,
    });
    this.#attempts = new Attempts({ ...deps, suspects, admit: (request) => this.#admit(request) });
    this.#collector = new Collector({ ...deps, onGranted: (requests) => this.#grantedTogether(requests) });
  }

  /** Requests by what becomes of them now; `processed` counts those that have ended. */
  get counts() {
    const held = this.#held.size;
    const running = this.#running;
    const waiting = Math.max(0, this.#inHand.size - running - held);
    return { running, held, waiting, processed: this.#processed };
  }

  /** Once it has stopped. */
  get leftBehind(): LeftBehind {
    return this.#leftBehind;
  }

  /** Those consumed, or to be. */
  get queues(): readonly QueueDeclaration[] {
    return this.#queues;
  }

  /** Those that should be consumed and are not: before the start all of them. */
  get missingQueues(): readonly string[] {
    const subscription = this.#subscription;
    if (subscription === undefined) return this.#queues.map(({ name }) => name);
    return subscription.missing ?? [];
  }

  /** Everything that was taken and has not ended. */
  get inHand(): readonly Request[] {
    return [...this.#inHand];
  }

  /** When the newest message taken from the queue was sent, epoch ms. Undefined: none that says so. */
  newestSentMs(queue: string): number | undefined {
    return this.#lastTaken.sentMs(queue);
  }

  /** Messages taken ahead, over all queues; 0: no limit. */
  get prefetch(): number {
    return totalPrefetch(this.#prefetchFacts);
  }

  /** The same for each queue where the broker counts them one by one, else over all. */
  get queuePrefetch(): number {
    return this.#prefetch;
  }

  /** Takes one more queue on; resolves when it is consumed. @throws what `Broker.declareQueue` throws */
  async addQueue(queue: QueueDeclaration): Promise<void> {
    await this.#subscription?.addQueue(queue);
    this.#queues = [...this.#queues.filter(({ name }) => name !== queue.name), queue];
    await this.adjustPrefetch();
  }

  /** Takes no more from the queue. What was taken is worked on. */
  async removeQueue(queue: string): Promise<void> {
    this.#queues = this.#queues.filter(({ name }) => name !== queue);
    this.#lastTaken.forget(queue);
    await this.#subscription?.removeQueue(queue);
    await this.adjustPrefetch();
  }

  async start(): Promise<void> {
    const { broker } = this.deps;
    const subscription =
      this.#hasPools && !broker.supports.prefetchPerQueue
        ? await QueuesApart.open(broker, this.#queues, (queue) => this.#options(queue))
        : await broker.consume(this.#queues, this.#options());
    this.#subscription = subscription;
    const { content, tasks, limits, isRevoked, clock } = this.deps;
    this.#sifter = new FloodSifter({ subscription, content, tasks, limits, isRevoked, clock });
    if (this.#stopping === undefined) return;
    // Stopped while it started.
    await subscription.cancel();
    this.#giveBack();
    await this.deps.later.stop();
  }

  #options(queue?: string): ConsumeOptions {
    const { config, log } = this.deps;
    return {
      prefetch: this.#prefetch,
      ...(config.disablePrefetch && { room: () => this.#room.of(queue) }),
      onDelivery: this.#receive,
      onQueueLost: (lost, reason) =>
        log.error(
          `Queue ${JSON.stringify(lost)} is no longer consumed, trying to get it back: ${printable(reason.message)}`,
        ),
    };
  }

  /** A flood for one pool must leave the places of the others to them: each queue then counts by itself. */
  get #hasPools(): boolean {
    return this.deps.config.pools.size > 0;
  }

  /** The pools have another size, or the queues are others. Takes effect for the next messages. */
  async adjustPrefetch(): Promise<void> {
    const prefetch = prefetchOf(this.#prefetchFacts);
    if (prefetch === this.#prefetch) return;
    this.#prefetch = prefetch;
    await this.#subscription?.setPrefetch(prefetch);
  }

  get #prefetchFacts(): PrefetchFacts {
    const { places, config, broker } = this.deps;
    return {
      capacity: places().reduce((sum, { most }) => sum + most, 0),
      multiplier: config.prefetchMultiplier,
      disabled: config.disablePrefetch,
      queues: this.#queues.length,
      perQueue: this.#hasPools || broker.supports.prefetchPerQueue,
    };
  }

  /** Half of what is taken ahead, so that the other half is there to run. */
  get #mostHeld(): number {
    const prefetch = this.#prefetch;
    if (this.deps.config.disablePrefetch) return 0;
    return prefetch === 0 ? MOST_HELD : Math.min(MOST_HELD, Math.floor(prefetch / 2));
  }

  /** It is out of this worker's hands. */
  #letGo(request: Request): void {
    if (this.#inHand.delete(request)) this.#room.left(this.deps.slotsOf(request));
    // Asks again for room.
    if (this.deps.config.disablePrefetch) void this.#subscription?.setPrefetch(this.#prefetch);
  }

  /**
   * Takes no more, gives back what does not run, lets what runs come to its end within the grace time, then aborts it.
   * A second call with a shorter time hurries the first.
   */
  stop(graceMs: number = this.deps.config.shutdownGrace): Promise<void> {
    this.#stopping ??= new StopWatch(this.deps.clock);
    this.#stopping.within(graceMs);
    this.#stopped ??= this.#stop(this.#stopping);
    return this.#stopped;
  }

  /** Bound: handed to the broker, which calls it for each message and must not be thrown at. */
  readonly #receive = (delivery: Delivery): void => {
    if (this.#stopping !== undefined) return void this.#unopened.push(delivery);
    this.#lastTaken.took(delivery);
    const hit = failpoint('claimed');
    if (hit === undefined) this.#open(delivery);
    else
      this.#aside(
        hit.then(() => this.#open(delivery)),
        delivery,
      );
  };

  #open(delivery: Delivery): void {
    try {
      const read = this.#read(delivery);
      if (typeof read === 'string')
        return this.#aside(this.deps.unrunnable.malformed(delivery, read), delivery);
      const problem = embedProblem(read.embed);
      if (problem !== undefined)
        return this.#aside(this.deps.unrunnable.malformed(delivery, problem, read), delivery);
      const hit = failpoint('decoded');
      if (hit === undefined) this.#take(delivery, read);
      else
        this.#aside(
          hit.then(() => this.#take(delivery, read)),
          delivery,
        );
    } catch (error) {
      this.#aside(Promise.reject(error), delivery);
    }
  }

  /** The message, or why there is none to run. */
  #read(delivery: Delivery): TaskMessage | string {
    const { content, config, starts } = this.deps;
    if (delivery.malformed !== undefined) return delivery.malformed;
    const most = config.maxDeliveries ?? 0;
    // Where nobody counts starts, the broker's own count has to do, innocent as many a message in it is.
    if (starts === undefined && most > 0 && (delivery.deliveryCount ?? 0) >= most)
      return `handed out ${delivery.deliveryCount} times and never settled`;
    try {
      return decodeTaskMessage(delivery.message, content);
    } catch (error) {
      return error instanceof UndecodableMessageError ? error.reason : `cannot be read: ${errorText(error)}`;
    }
  }

  #take(delivery: Delivery, message: TaskMessage): void {
    if (this.#stopping !== undefined) return this.deps.later.requeueAfter(delivery, 0);
    const definition = this.deps.tasks.get(message.task);
    if (definition === undefined)
      return this.#aside(this.deps.unrunnable.unknownTask(delivery, message), delivery);
    const request = new Request(delivery, message, definition);
    const slots = this.deps.slotsOf(request);
    this.#room.came(delivery.queue, slots);
    const verdict = this.#admit(request);
    if (verdict.run === 'later' && !this.#canHold(verdict.dueMs)) return this.#defer(request, verdict.dueMs);
    this.#inHand.add(request);
    this.#room.took(slots);
    if (verdict.run === 'later') this.#tellReceived(request);
    this.#follow(request, verdict);
  }

  /** Told once, when it stays: one that is put away comes again. */
  #tellReceived(request: Request): void {
    if (request.received) return;
    request.received = true;
    this.deps.taskLog.received(request);
    this.deps.observer.received(request);
  }

  #admit({ message }: Request): Verdict {
    const { clock, isRevoked } = this.deps;
    return admit(message, { now: clock.now(), known: true, isRevoked });
  }

  #follow(request: Request, verdict: Verdict): void {
    switch (verdict.run) {
      case 'now':
        return this.#enter(request);
      case 'later':
        return this.#hold(request, verdict.dueMs);
      case 'never':
        request.stage = 'running';
        this.deps.limits.forget(request);
        return void this.#end(request, this.deps.settlement.settle(request, revoked(verdict)));
    }
  }

  /** Asks its task's limits. */
  #enter(request: Request): void {
    request.stage = 'waiting';
    const entry = this.deps.limits.enter(request, () => this.#held.hasRoomForLimited);
    if (!(entry instanceof Promise)) return this.#proceed(request, entry);
    entry
      .then((answered) => {
        // Given back meanwhile.
        if (this.#inHand.has(request)) this.#proceed(request, answered);
        else this.deps.limits.leave(request);
      })
      .catch((error: unknown) => void this.#end(request, Promise.reject(error)));
  }

  #proceed(request: Request, entry: Entry): void {
    switch (entry.enter) {
      case 'now':
        this.#tellReceived(request);
        return this.#place(request);
      case 'held':
        if (!this.#held.hold(request, entry.waitMs, this.#whenDue(request), LIMITED))
          return this.#park(request, entry.waitMs);
        request.stage = 'held';
        return this.#tellReceived(request);
      case 'parked':
        return this.#park(request, entry.waitMs, entry.onParked);
      case 'never':
        this.#tellReceived(request);
        request.stage = 'running';
        return void this.#end(
          request,
          this.deps.settlement.settle(request, { kind: 'failed', error: entry.error, runtimeMs: 0 }),
        );
      default:
        return unreachable(entry);
    }
  }

  #place(request: Request): void {
    const { batch } = request.definition.config;
    if (batch !== undefined && this.deps.config.gatherBatches) this.#collector.add(request, batch);
    else this.deps.slotsOf(request).take(() => this.#granted(request));
  }

  #canHold(dueMs: number): boolean {
    return this.#held.hasRoom && dueMs - this.deps.clock.now() < this.#holdMs;
  }

  #hold(request: Request, dueMs: number): void {
    request.stage = 'held';
    if (this.#held.hold(request, dueMs - this.deps.clock.now(), this.#whenDue(request))) return;
    this.#letGo(request);
    this.#defer(request, dueMs);
  }

  /** It is looked at anew: it may have expired, or been revoked. */
  #whenDue(request: Request): () => void {
    return () => {
      try {
        this.#follow(request, this.#admit(request));
      } catch (error) {
        void this.#end(request, Promise.reject(error));
      }
    };
  }

  #park(request: Request, waitMs: number, onParked?: () => void): void {
    const { delivery, message } = request;
    const dueMs = this.deps.clock.now() + waitMs;
    this.#letGo(request);
    this.#sifter?.parked(delivery.queue);
    const parked = delivery.defer(dueMs).then((settled) => {
      if (settled === 'lost') return;
      this.deps.taskLog.parked(message, dueMs);
      onParked?.();
    });
    this.#aside(parked, delivery);
  }

  #defer({ delivery, message }: Request, dueMs: number): void {
    this.#sifter?.parked(delivery.queue);
    const deferred = delivery.defer(dueMs).then(async (settled) => {
      if (settled === 'settled') this.deps.taskLog.deferred(message, dueMs);
      await failpoint('deferred');
    });
    this.#aside(deferred, delivery);
  }

  #granted(request: Request): void {
    // Given back meanwhile, or about to be: the line is served no more.
    if (this.#stopping !== undefined) return;
    this.#begin(request);
    let ahead = false;
    const ran = (): void => {
      ahead = this.#mayGoAhead(request);
      if (!ahead) return;
      this.#settling += 1;
      this.#free([request]);
    };
    void this.#end(request, this.#attempts.work(request, ran), () => {
      if (ahead) this.#settling -= 1;
      else this.#free([request]);
    });
  }

  /**
   * Whether the next may have its place while it is settled: a child waits for nobody's store or acknowledgement. As many
   * again as there are places, so that a backend or broker that is slow holds up what runs, as it does in every pool. What
   * was acknowledged early waits: the broker has handed out more in its stead already.
   */
  #mayGoAhead(request: Request): boolean {
    if (request.ackedEarly || !this.deps.runsApart(request)) return false;
    return this.#settling < this.deps.slotsOf(request).size;
  }

  #grantedTogether(requests: readonly Request[]): void {
    if (this.#stopping !== undefined) return;
    for (const request of requests) this.#begin(request);
    const works = this.#attempts.workTogether(requests).values();
    const ended = requests.map((request) => this.#end(request, works.next().value ?? Promise.resolve()));
    void Promise.all(ended).then(() => this.#free(requests));
  }

  #begin(request: Request): void {
    request.stage = 'running';
    this.#running += 1;
  }

  /** The place of one, or of a batch. */
  #free(requests: readonly Request[]): void {
    this.#running -= requests.length;
    const [first] = requests;
    if (first !== undefined) this.deps.slotsOf(first).release();
  }

  /** Never rejects. @param then called once it is no longer this worker's */
  #end(request: Request, work: Promise<void>, then = NOTHING): Promise<void> {
    const ended = (): void => {
      this.#letGo(request);
      this.deps.limits.leave(request);
      this.#processed += 1;
      this.#checkDrained();
      then();
    };
    return work.then(ended, (error: unknown) => {
      this.#internal(request.delivery, error, !request.ackedEarly);
      ended();
    });
  }

  /** Never rejects, and the message is never forgotten. */
  #aside(work: Promise<void>, delivery: Delivery): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.#internal(delivery, error, true))
      .then(() => {
        this.#asides.delete(tracked);
        this.#checkDrained();
      });
    this.#asides.add(tracked);
  }

  #internal(delivery: Delivery, error: unknown, requeue: boolean): void {
    const { log, later } = this.deps;
    log.error(
      `INTERNAL ERROR with a message of queue ${JSON.stringify(delivery.queue)}: ${printable(errorText(error))}`,
      tracebackOf(error),
    );
    if (requeue) later.requeueAfter(delivery, PAUSE_MS);
  }

  async #stop(stopping: StopWatch): Promise<void> {
    const { later } = this.deps;
    this.#sifter?.stop();
    // First, or the broker would hand out again what is given back below.
    await this.#subscription?.cancel();
    const atHand = [...this.#inHand];
    this.#giveBack();
    const drained = new Promise<void>((resolve) => (this.#onDrained = resolve));
    this.#checkDrained();
    const over = later
      .stop()
      .then(() => drained)
      .then(() => later.stop());
    if (!(await stopping.ends(over))) await this.#endByForce(stopping, over);
    const unheard = this.#subscription?.unheard === true;
    const left = atHand.filter(
      (request) => unheard || this.#inHand.has(request) || later.isUnanswered(request.delivery),
    );
    const tasks = left.filter(({ ackedEarly }) => !ackedEarly).map(({ label }) => label);
    this.#leftBehind = Object.freeze({ tasks: Object.freeze(tasks), unheard });
  }

  /** After the grace time: what runs is aborted, and what broker and backend give no answer to is not waited for. */
  async #endByForce(stopping: StopWatch, over: Promise<void>): Promise<void> {
    // Also what waits for an answer before its run: it does not begin any more.
    for (const request of this.#inHand) request.abort.abort(new WorkerShuttingDown());
    if ([...this.#inHand].some(({ running }) => running !== undefined)) {
      stopping.restart(this.deps.config.abortGrace);
      if (await stopping.ends(over)) return;
      for (const request of this.#inHand) request.running?.cutShort({ kind: 'interrupted' });
    }
    // What is left are stores, publishes and settlements.
    let before = Infinity;
    for (let waits = 0; waits < MOST_ANSWERS && this.#unended < before; waits += 1) {
      before = this.#unended;
      stopping.restart(ANSWER_MS);
      if (await stopping.ends(over)) return;
    }
  }

  get #unended(): number {
    return this.#inHand.size + this.#asides.size + this.deps.later.unanswered;
  }

  #giveBack(): void {
    this.#held.clear();
    this.#collector.clear();
    const unrun = [...this.#inHand].filter((request) => request.stage !== 'running');
    for (const request of unrun) {
      request.stage = 'returned';
      this.#inHand.delete(request);
      this.deps.limits.leave(request);
    }
    // One that cannot be given back now is given back by the broker, once this connection ends.
    const deliveries = [...unrun.map((request) => request.delivery), ...this.#unopened.splice(0)];
    for (const delivery of deliveries) this.deps.later.requeueAfter(delivery, 0);
  }

  #checkDrained(): void {
    if (this.#onDrained !== undefined && this.#inHand.size === 0 && this.#asides.size === 0)
      this.#onDrained();
  }
}

/** Requests that wait for their time, with an unlimited prefetch and at most ever. */
const MOST_HELD = 1_000;
const LIMITED = true;
const NOTHING = (): void => undefined;
/** Of a message, where starts are counted and nothing else is said. */
const MOST_STARTS = 5;
/** How long a stop whose time is over waits for the next of what is still being settled, and how often. */
const ANSWER_MS = 1_000;
const MOST_ANSWERS = 5;
/** Before a message goes back that we ourselves failed on. */
const PAUSE_MS = 5_000;
