import type { CeleryOptions, CreateWorkerOptions } from '../../lib/index.js';

/** What a worker process is told, as JSON in its environment. */
export interface WorkerOrder {
  readonly app: CeleryOptions;
  readonly worker: CreateWorkerOptions;
  readonly ledger: string;
  /** File that names the step it is to die at, as `failpoints.ts` reads it. Default: it dies at none. */
  readonly arm?: string;
  /** File that it writes its heap to, as `own-heap.ts` does. Default: it does not. */
  readonly heap?: string;
  /** Beats only: the file that they write to when they begin and cease to lead. */
  readonly terms?: string;
}

export const ORDER_VARIABLE = 'CHAOS_WORKER';
/** What it prints once it consumes. */
export const READY_LINE = 'CHAOS WORKER READY';

/** What `cycles.ts` is told. */
export interface Cycles {
  readonly app: CeleryOptions;
  readonly cycles: number;
}

export const CYCLES_VARIABLE = 'CHAOS_CYCLES';

/** What keeps its process alive, by Node's names, after the first cycle and after the last. */
export interface Cycled {
  readonly first: readonly string[];
  readonly last: readonly string[];
}

/** What `hostile/memory.ts` is told. */
export interface Strikes {
  readonly app: CeleryOptions;
  readonly pool: 'async' | 'prefork' | 'threads';
  readonly rounds: number;
}

export const STRIKES_VARIABLE = 'CHAOS_STRIKES';
