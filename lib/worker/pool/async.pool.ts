import type { Outcome } from '../outcome.js';
import type { Pool, PoolRun, Requests } from './pool.js';
import { NO_HOOKS, type ProcHooks } from './proc.hooks.js';

/** Runs a handler in this process. Never rejects; one outcome for each request. */
export type RunHandler = (requests: Requests) => Promise<readonly Outcome[]>;

/** Runs handlers on this event loop: `async` many at once, `solo` one. Nothing there can stop one that does not listen. */
export class AsyncPool implements Pool {
  #size: number;

  constructor(
    readonly kind: 'async' | 'solo',
    size: number,
    private readonly runHandler: RunHandler,
    private readonly hooks: ProcHooks = NO_HOOKS,
  ) {
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Always: there is nothing to get ready. */
  get ready(): number {
    return this.#size;
  }

  async start(): Promise<void> {
    await this.hooks.init();
  }

  run(requests: Requests, onStarted: () => void): PoolRun {
    onStarted();
    return { outcomes: this.runHandler(requests), kill: async () => 'runsOn' };
  }

  /** The places are the worker's to count: this one has as many as it is asked for. */
  resize(size: number): void {
    this.#size = size;
  }

  async stop(): Promise<void> {
    await this.hooks.shutdown();
  }
}
