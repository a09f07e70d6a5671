import type { ResultBackend } from '../backend/result-backend.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Content } from '../message/content.js';
import type { Sender } from '../producer/sender.js';
import type { Clock } from '../runtime/clock.js';
import type { TaskRegistry } from '../task/task.registry.js';
import { AttemptEffects, type ResultFactory } from './attempt.effects.js';
import { addBuiltins, poolBuiltins } from './builtin.tasks.js';
import { HandlerRunner } from './handler.runner.js';
import type { ParentLink } from './pool/parent.link.js';
import { PoolServer } from './pool/pool.server.js';
import type { TaskHandler } from './pool/pool.js';
import type { ProcHooks } from './pool/proc.hooks.js';
import { ResultRecorder } from './result.recorder.js';
import type { WorkerConfig } from './worker.options.js';

export interface ChildWorkerDeps {
  readonly link: ParentLink;
  /** Those of the parent, seen from here. */
  readonly backend: ResultBackend | undefined;
  readonly sender: Sender;
  readonly content: Content;
  readonly tasks: TaskRegistry;
  readonly handlers: ReadonlyMap<string, TaskHandler>;
  readonly resultOf: ResultFactory;
  readonly hooks: ProcHooks;
  /** Listeners of the application, in this process. */
  readonly listeners: Hooks;
  readonly config: Pick<WorkerConfig, 'resultExtended'>;
  readonly clock: Clock;
}

/** A worker's part in a child of its pool: the handlers and what they do while they run. The rest is the parent's. */
export class ChildWorker {
  readonly #server: PoolServer;

  constructor({
    link,
    backend,
    sender,
    resultOf,
    handlers,
    listeners,
    config,
    clock,
    ...deps
  }: ChildWorkerDeps) {
    const { hostname } = link.port.mark;
    const { resultExtended } = config;
    const recorder = new ResultRecorder({ backend, clock, config: { hostname, resultExtended } });
    const attempt = { recorder, sender, resultOf, clock, random: Math.random };
    const code = new Map(handlers);
    addBuiltins(
      poolBuiltins((name) => code.get(name)),
      deps.tasks,
      code,
    );
    const runner = new HandlerRunner({
      handlers: code,
      effectsOf: (request) => new AttemptEffects(request, attempt),
      hostname,
      hooks: listeners,
      clock,
      random: Math.random,
    });
    this.#server = new PoolServer({ ...deps, link, runHandler: runner.run });
  }

  /** Resolves when the parent has let go of it. @throws what a `workerProcInit` hook threw */
  serve(): Promise<void> {
    return this.#server.serve();
  }
}
