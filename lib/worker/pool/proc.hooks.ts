import { tracebackOf } from '../../message/remote-error.js';
import type { Log } from '../../runtime/logger.js';

/** What is done once in each process or thread that runs handlers: Celery's `worker_process_init` and `_shutdown`. */
export interface ProcHooks {
  /** Before its first handler. What it throws keeps the process from working. */
  init(): Promise<void>;
  /** After its last one. */
  shutdown(): Promise<void>;
}

export const NO_HOOKS: ProcHooks = Object.freeze({
  init: async () => undefined,
  shutdown: async () => undefined,
});

/** The first in are the last out. What one throws at the end is logged and keeps the others from nothing. */
export function joinedHooks(all: readonly ProcHooks[], log: Log): ProcHooks {
  return {
    async init() {
      for (const hooks of all) await hooks.init();
    },
    async shutdown() {
      for (const hooks of all.toReversed()) {
        await hooks.shutdown().catch((error: unknown) => {
          log.error(`A workerProcShutdown hook failed: ${String(error)}`, tracebackOf(error));
        });
      }
    },
  };
}
