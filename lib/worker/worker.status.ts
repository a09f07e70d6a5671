import type { PoolKind } from './pool/pool.js';

/** Where a worker stands, for health checks. */
export interface WorkerStatus {
  readonly state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped';
  readonly connected: boolean;
  readonly running: number;
  /** Taken, and waiting for a slot. */
  readonly waiting: number;
  /** Taken, and not due yet. */
  readonly held: number;
  /** Ended since the start, whatever their outcome. */
  readonly processed: number;
  /** Handlers that a time limit or a shutdown gave up on and that still run. */
  readonly leaked: number;
  readonly pools: readonly PoolStatus[];
}

export interface PoolStatus {
  /** `default` runs the tasks that name none. */
  readonly name: string;
  readonly kind: PoolKind;
  /** Handlers it runs at once. */
  readonly size: number;
  /** Of them, those that can run one now or are at it; the children of the others are starting. */
  readonly ready: number;
  readonly running: number;
  /** Tasks that wait for it. */
  readonly waiting: number;
}
