import type { Order } from '../order.js';

/** One task queue, as the processes of a benchmark use it. Each part opens what it needs; the end of the process closes it. */
export interface Peer {
  /**
   * Runs the tasks of the queue. Resolves once it consumes.
   * @param tick called once for each task that ran
   */
  work?(order: Order, tick: () => void): Promise<void>;
  /** @returns sends one task; resolves as the promise of the row says */
  publisher?(order: Order): Promise<() => Promise<unknown>>;
  /** @returns sends one task and waits for its result */
  caller?(order: Order): Promise<() => Promise<unknown>>;
  /** @returns sends a workflow of so many tasks, and waits for its result */
  flow?(order: Order): Promise<(size: number) => Promise<unknown>>;
  /** @returns sends one task that is due in an hour */
  later?(order: Order): Promise<() => Promise<unknown>>;
}
