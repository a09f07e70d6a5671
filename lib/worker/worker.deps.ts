import type { ResultBackend } from '../backend/result-backend.js';
import type { Broker } from '../broker/broker.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Content } from '../message/content.js';
import type { TaskMessage } from '../message/task-message.js';
import type { QueueTable } from '../producer/queue-table.js';
import type { Sender } from '../producer/sender.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import type { TaskRegistry } from '../task/task.registry.js';
import type { ResultFactory } from './attempt.effects.js';
import type { OwnCommand } from './control/dispatch.js';
import type { Settings } from './control/host.js';
import type { TaskHandler } from './pool/pool.js';
import type { ChildSource } from './pool/pools.js';
import type { ProcHooks } from './pool/proc.hooks.js';
import type { WorkerConfig } from './worker.options.js';

/** What a worker is made of. */
export interface WorkerDeps {
  /** Shared with whoever opened it: the worker connects it but never closes it. */
  readonly broker: Broker;
  /** Undefined: results are kept nowhere. Shared likewise. */
  readonly backend: ResultBackend | undefined;
  readonly content: Content;
  readonly sender: Sender;
  readonly queues: QueueTable;
  readonly tasks: TaskRegistry;
  /** The code of the tasks, by name. */
  readonly handlers: ReadonlyMap<string, TaskHandler>;
  /** What `task.send()` returns. */
  readonly resultOf: ResultFactory;
  readonly config: WorkerConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** For pools of threads and processes. Default: there are none. */
  readonly children?: ChildSource;
  /** Run in each process or thread that runs handlers. Default none. */
  readonly procHooks?: ProcHooks;
  /** Settings in Celery's names, for `inspect conf`. Default none. */
  readonly settings?: () => Settings;
  /** Remote commands of the application's own, by name. Default none. */
  readonly commands?: ReadonlyMap<string, OwnCommand>;
  /** Listeners of the application. */
  readonly hooks: Hooks;
  /** Asked when a message arrives, when it is due and before it runs. Default: those that a `revoke` command named. */
  readonly isRevoked?: (message: TaskMessage) => boolean;
  /** 0 ≤ random < 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}
