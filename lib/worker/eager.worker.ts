import type { ResultBackend, TaskMeta } from '../backend/result-backend.js';
import type { Broker, PublishTarget } from '../broker/broker.js';
import type { EagerOutcome } from './eager.outcome.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Content } from '../message/content.js';
import { decodeTaskMessage } from '../message/task-message.codec.js';
import type { WireMessage } from '../message/wire-message.js';
import type { Producer } from '../producer/producer.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import type { TaskRegistry } from '../task/task.registry.js';
import { AttemptEffects, type ResultFactory } from './attempt.effects.js';
import { handedOver } from './handed-over.js';
import { HandlerRunner } from './handler.runner.js';
import { LaterRequeues } from './later-requeues.js';
import { AsyncPool } from './pool/async.pool.js';
import type { TaskHandler } from './pool/pool.js';
import { Quarantine } from './quarantine.js';
import { Request } from './request.js';
import { RequestRunner } from './request.runner.js';
import { ResultRecorder } from './result.recorder.js';
import type { Settlement } from './settlement.js';
import { openSettlement } from './open-settlement.js';
import { TaskHooks } from './task.hooks.js';
import { TaskLog } from './task.log.js';
import type { WorkerConfig } from './worker.options.js';

export interface EagerDeps {
  readonly broker: Broker;
  /** A producer that publishes through the given broker, and counts chords in the given backend. */
  readonly producerOn: (broker: Broker, backend: ResultBackend) => Producer;
  /** Where groups are kept and chords are counted: of this process alone. */
  readonly groups: Pick<ResultBackend, 'chords' | 'saveGroup' | 'restoreGroup' | 'deleteGroup'>;
  readonly hooks: Hooks;
  readonly content: Content;
  readonly tasks: TaskRegistry;
  readonly handlers: ReadonlyMap<string, TaskHandler>;
  readonly resultOf: ResultFactory;
  readonly config: WorkerConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `taskAlwaysEager`: runs tasks where they are sent, through serialization, with retries (at once) and callbacks, by
 * putting itself between the producer and the broker. Tasks of other processes are sent as ever.
 */
export class EagerWorker {
  readonly producer: Producer;
  /** States of what was run here. */
  readonly results: ResultBackend;
  readonly #outcomes = new Map<string, EagerOutcome>();
  readonly #runner: RequestRunner;
  readonly #settlement: Settlement;

  constructor(private readonly deps: EagerDeps) {
    const { clock, config, log, resultOf } = deps;
    this.results = this.#record(deps.groups);
    this.producer = deps.producerOn(
      eagerBroker(deps.broker, (target, message) => this.#publish(target, message)),
      this.results,
    );
    const recorder = new ResultRecorder({ backend: this.results, clock, config });
    const attempt = { recorder, sender: this.producer, resultOf, clock, random: Math.random };
    const handlers = new HandlerRunner({
      handlers: deps.handlers,
      effectsOf: (request) => new AttemptEffects(request, attempt),
      hostname: config.hostname,
      hooks: deps.hooks,
      isEager: true,
      clock,
      random: Math.random,
    });
    const pool = new AsyncPool('async', config.concurrency, handlers.run);
    this.#runner = new RequestRunner({ poolOf: () => pool, config, clock, log });
    const { settlement } = openSettlement({
      backend: this.results,
      brokerUrl: deps.broker.url,
      recorder,
      sender: this.producer,
      tasks: deps.tasks,
      runner: this.#runner,
      hostname: config.hostname,
      later: new LaterRequeues(clock),
      quarantine: new Quarantine(deps.broker, clock),
      taskLog: new TaskLog(log, config),
      observer: new TaskHooks(deps.hooks),
      clock,
    });
    this.#settlement = settlement;
  }

  runs(taskName: string): boolean {
    return this.deps.handlers.has(taskName);
  }

  /** Runs a task to its very end. What its handler throws is in the outcome, never thrown. */
  async run(wire: WireMessage, target: PublishTarget): Promise<EagerOutcome> {
    const message = decodeTaskMessage(wire, this.deps.content);
    const definition = this.deps.tasks.get(message.task);
    if (definition === undefined) throw new Error(`${message.task} is not run here`);
    const request = new Request(handedOver(wire, target), message, definition);
    request.ackedEarly = true;
    const outcome = await this.#runner.run(request);
    await this.#settlement.settle(request, outcome);
    const known = this.#outcomes.get(message.id);
    // A retry ran inside the settlement: its outcome is the newer one.
    if (outcome.kind === 'retrying' && known !== undefined) return known;
    const meta =
      known?.meta ?? nothingStored(message.id, outcome.kind === 'succeeded' ? outcome.value : null);
    const ended: EagerOutcome = { meta, error: outcome.kind === 'failed' ? outcome.error : undefined };
    this.#outcomes.set(message.id, ended);
    return ended;
  }

  async #publish(target: PublishTarget, message: WireMessage): Promise<void> {
    const task = message.headers['task'];
    if (typeof task !== 'string' || !this.runs(task)) return this.deps.broker.publish(target, message);
    await this.run(message, target);
  }

  /** Takes what a worker would have stored. */
  #record(groups: EagerDeps['groups']): ResultBackend {
    return {
      kind: 'eager',
      url: 'eager://',
      supports: { shared: true },
      replyTo: undefined,
      chords: groups.chords,
      saveGroup: (id, tuple) => groups.saveGroup(id, tuple),
      restoreGroup: (id) => groups.restoreGroup(id),
      deleteGroup: (id) => groups.deleteGroup(id),
      connect: async () => undefined,
      store: async (meta) => {
        // The state of an attempt that is retried comes after the states of the retry it made.
        if (meta.status !== 'RETRY') this.#outcomes.set(meta.taskId, { meta, error: undefined });
        return 'stored';
      },
      get: async (taskId) => this.#outcomes.get(taskId)?.meta,
      watch: (taskId, onMeta) => {
        const known = this.#outcomes.get(taskId)?.meta;
        if (known !== undefined) queueMicrotask(() => onMeta(known));
        return () => undefined;
      },
      forget: async (taskId) => void this.#outcomes.delete(taskId),
      close: async () => undefined,
    };
  }
}

function eagerBroker(broker: Broker, publish: Broker['publish']): Broker {
  return new Proxy(broker, {
    get: (target, key) => {
      if (key === 'publish') return publish;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function nothingStored(taskId: string, value: unknown): TaskMeta {
  return Object.freeze({
    taskId,
    status: 'SUCCESS',
    result: value,
    traceback: undefined,
    children: undefined,
    dateDone: undefined,
    groupId: undefined,
    parentId: undefined,
    extended: undefined,
  });
}
