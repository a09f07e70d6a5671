import type { ResultBackend } from '../../backend/result-backend.js';
import type { Broker } from '../../broker/broker.js';
import { InvalidOptionError, UnsupportedError } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import { startAll, stopAll, type Service } from '../../runtime/service.js';
import { Slots } from '../../runtime/slots.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import type { Request } from '../request.js';
import type { WorkerConfig } from '../worker.options.js';
import { WORKER_BUILTINS } from '../builtin.tasks.js';
import { AsyncPool, type RunHandler } from './async.pool.js';
import type { CargoHold } from './cargo.js';
import { childScript } from './child.entry.js';
import { ChildPool } from './child.pool.js';
import type { Places } from '../pool.room.js';
import { DEFAULT_POOL, type PoolConfig, type ScaleRange } from './pool.options.js';
import type { Pool } from './pool.js';
import type { ProcHooks } from './proc.hooks.js';
import { processes } from './process.child.js';
import { threads } from './thread.child.js';

export interface PoolsDeps {
  readonly config: WorkerConfig;
  readonly runHandler: RunHandler;
  readonly hooks: ProcHooks;
  /** What children need; undefined where there can be none. */
  readonly children: ChildSource | undefined;
  readonly broker: Broker;
  readonly backend: ResultBackend | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

export interface ChildSource {
  /** Name of the app. */
  readonly app: string;
  readonly hold: CargoHold;
}

/** A pool with its places. */
export interface PoolUnit {
  readonly name: string;
  readonly pool: Pool;
  readonly slots: Slots;
  /** Undefined: its size stays as it is told. */
  range: ScaleRange | undefined;
}

/** The pools of a worker: one for most tasks, and those that tasks name. */
export class Pools implements Service {
  readonly name = 'pools';
  readonly #units: ReadonlyMap<string, PoolUnit>;
  readonly #default: PoolUnit;
  readonly #here: Pool;

  /** @throws UnsupportedError for children where there can be none */
  constructor(private readonly deps: PoolsDeps) {
    const { config } = deps;
    const hooks = onlyOnce(deps.hooks);
    this.#here = new AsyncPool('async', config.concurrency, deps.runHandler);
    this.#default = unitOf(DEFAULT_POOL, config, deps, hooks);
    const named = [...config.pools].map(([name, pool]) => [name, unitOf(name, pool, deps, hooks)] as const);
    this.#units = new Map([[DEFAULT_POOL, this.#default], ...named]);
  }

  get units(): readonly PoolUnit[] {
    return [...this.#units.values()];
  }

  /** Of each pool, when it has grown as far as it may. */
  get places(): readonly Places[] {
    return this.units.map(({ slots, range }) => ({ slots, most: Math.max(slots.size, range?.max ?? 0) }));
  }

  get(name: string): PoolUnit | undefined {
    return this.#units.get(name);
  }

  /** @throws InvalidOptionError for a pool that the worker has not */
  named(name: string): PoolUnit {
    const unit = this.get(name);
    if (unit !== undefined) return unit;
    const known = [...this.#units.keys()].join(', ');
    throw new InvalidOptionError('pool', `this worker has no pool ${JSON.stringify(name)}. It has: ${known}`);
  }

  /** Where it runs: what needs the worker itself runs in it, whatever the pool is. */
  runs(request: Pick<Request, 'definition'>): Pool {
    return WORKER_BUILTINS.has(request.definition.name) ? this.#here : this.of(request).pool;
  }

  /** In a process or thread of its own. */
  runsApart(request: Pick<Request, 'definition'>): boolean {
    return this.runs(request) instanceof ChildPool;
  }

  /** Whose places it takes. */
  of({ definition }: { readonly definition: TaskDefinition }): PoolUnit {
    return this.#units.get(definition.config.pool ?? DEFAULT_POOL) ?? this.#default;
  }

  async start(): Promise<void> {
    await startAll(this.#services);
  }

  async stop(): Promise<void> {
    await stopAll(this.#services);
  }

  get #services(): readonly Service[] {
    return this.units.map(({ name, pool }) => ({
      name: `pool ${name}`,
      start: () => pool.start(),
      stop: () => pool.stop(),
    }));
  }
}

function unitOf(name: string, config: PoolConfig, deps: PoolsDeps, hooks: ProcHooks): PoolUnit {
  const pool = poolOf(name, config, deps, hooks);
  return { name, pool, slots: new Slots(config.concurrency), range: config.autoscale };
}

function poolOf(name: string, config: PoolConfig, deps: PoolsDeps, hooks: ProcHooks): Pool {
  const { pool: kind, concurrency } = config;
  if (kind === 'async' || kind === 'solo') return new AsyncPool(kind, concurrency, deps.runHandler, hooks);
  const { children, broker, backend, clock, random, log } = deps;
  if (children === undefined)
    throw new UnsupportedError(`A pool of ${kind} here`, 'the worker has no application');
  const { hostname, childEntry, procAliveTimeout } = deps.config;
  const script = childScript(childEntry);
  const { app, hold } = children;
  const entry = () => ({ ...script, mark: { app, pool: name, hostname, replyTo: backend?.replyTo } });
  const { maxTasksPerChild: maxTasks, maxMemoryPerChild } = config;
  return new ChildPool(kind, name, concurrency, {
    spawn: kind === 'threads' ? threads(entry) : processes(entry),
    hold,
    services: { broker, backend, hold },
    startTimeoutMs: procAliveTimeout,
    limits: {
      maxTasks,
      maxMemoryBytes: maxMemoryPerChild === undefined ? undefined : maxMemoryPerChild * 1024,
    },
    clock,
    random,
    log,
  });
}

/** However many pools run on this event loop. */
function onlyOnce(hooks: ProcHooks): ProcHooks {
  let init: Promise<void> | undefined;
  let shutdown: Promise<void> | undefined;
  return {
    init: () => (init ??= hooks.init()),
    shutdown: () => (shutdown ??= init === undefined ? Promise.resolve() : hooks.shutdown()),
  };
}
