import { NO_GROUPS } from '../backend/no-groups.js';
import type { ResultBackend, TaskMeta } from '../backend/result-backend.js';
import type { PublishTarget } from '../broker/broker.js';
import type { WireMessage } from '../message/wire-message.js';

/** Runs a task in this process, to its very end: retries and callbacks included. Made by whoever has the handlers. */
export interface EagerRunner {
  /** True for tasks it has the code of. */
  runs(taskName: string): boolean;
  /** States of what was run here. */
  readonly results: ResultBackend;
  /** Decodes the message and runs it. What the handler throws is in the outcome, never thrown. */
  run(message: WireMessage, target: PublishTarget): Promise<EagerOutcome>;
}

export interface EagerOutcome {
  /** The state as a worker would have stored it. */
  readonly meta: TaskMeta;
  /** What the handler threw; undefined when it succeeded. */
  readonly error: unknown;
}

/** A result that is there already, for those who ask as they would ask a backend. Holds nothing open. */
export function settledResult(meta: TaskMeta): ResultBackend {
  return {
    kind: 'eager',
    url: 'eager://',
    supports: { shared: false },
    replyTo: undefined,
    ...NO_GROUPS,
    connect: async () => undefined,
    store: async () => 'stored',
    get: async (taskId) => (taskId === meta.taskId ? meta : undefined),
    watch(taskId, onMeta) {
      if (taskId === meta.taskId) queueMicrotask(() => onMeta(meta));
      return () => undefined;
    },
    forget: async () => undefined,
    close: async () => undefined,
  };
}
