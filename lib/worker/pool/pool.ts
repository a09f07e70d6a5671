import type { TaskContext } from '../../context/task.context.js';
import type { Outcome } from '../outcome.js';
import type { Request } from '../request.js';

/** Where handlers run. Knows nothing of limits, results or acknowledgement. */
export interface Pool {
  readonly kind: PoolKind;
  /** Handlers run at once. */
  readonly size: number;
  /** Of them, those that can run one now or are at it: children may be starting. */
  readonly ready: number;
  /** Rejects with what keeps it from running. */
  start(): Promise<void>;
  /**
   * Runs a handler: for one request, or for those of a batch together.
   * @param onStarted called once, when the handler has been handed over: time limits count from here
   */
  run(requests: Requests, onStarted: () => void): PoolRun;
  /** More or fewer handlers at once, from now on; none that runs is harmed. */
  resize(size: number): void;
  /** Returns when nothing of it is left. What still runs then is killed, where that can be done. */
  stop(): Promise<void>;
}

/** One handler under way. */
export interface PoolRun {
  /** What became of each request, in their order; `workerLost` when its process or thread died under it. Never rejects. */
  readonly outcomes: Promise<readonly Outcome[]>;
  /**
   * Ends it by force. `ended`: nothing of it runs any more, and `outcomes` need not be waited for. `runsOn`: nothing can
   * stop it, and `outcomes` settles when it ends by itself.
   */
  kill(): Promise<'ended' | 'runsOn'>;
}

/** Celery's names of pools; `async` stands for its `gevent` and `eventlet`. */
export const POOL_KINDS = ['async', 'threads', 'prefork', 'solo'] as const;
export type PoolKind = (typeof POOL_KINDS)[number];

/** What one handler runs for, of one task: one request, or a batch. */
export type Requests = readonly [Request, ...Request[]];

/**
 * The code of one task. Made by the framework layer, or by hand in a script or test. That of a batch task (`batchHandler`) is
 * called with several contexts too, and then gives the end of each.
 */
export type TaskHandler = (context: TaskContext, batch?: readonly TaskContext[]) => unknown;
