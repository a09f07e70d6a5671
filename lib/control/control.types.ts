// What workers answer, in the words of the wire: Celery's documentation and Flower know them by these names. What a foreign
// worker answers is taken at its word.

/** A task as workers describe it. */
export interface TaskInfo {
  readonly id: string;
  /** Shown name: the shadow, else the type. */
  readonly name: string;
  readonly type: string;
  /** The arguments, or their `repr` where that was asked for. */
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly hostname: string;
  /** Seconds since the epoch; null before its start. */
  readonly time_start: number | null;
  readonly acknowledged: boolean;
  readonly delivery_info: {
    readonly exchange: string;
    readonly routing_key: string;
    readonly priority: number | null;
    readonly redelivered: boolean | null;
  };
  readonly worker_pid: number | null;
}

/** A task that waits for its time. */
export interface ScheduledTask {
  /** ISO 8601. */
  readonly eta: string;
  readonly priority: number;
  readonly request: TaskInfo;
}

/** Where a worker has a task that was asked for. */
export type FoundTask = readonly [where: 'active' | 'reserved' | 'scheduled' | 'ready', task: TaskInfo];

export interface WorkerStats {
  /** Tasks accepted since the start, by name. */
  readonly total: Readonly<Record<string, number>>;
  readonly pid: number;
  /** A number, as text. */
  readonly clock: string;
  /** Seconds. */
  readonly uptime: number;
  readonly pool: Readonly<Record<string, unknown>>;
  readonly broker: Readonly<Record<string, unknown>>;
  readonly prefetch_count: number | null;
  readonly rusage: Readonly<Record<string, number>>;
  readonly [more: string]: unknown;
}

export interface ActiveQueue {
  readonly name: string;
  readonly exchange: { readonly name: string; readonly type: string; readonly [more: string]: unknown };
  readonly routing_key: string;
  /**
   * When the newest message taken from it was sent, seconds since the epoch: what still waits there was sent later. Null:
   * none was taken that says so. This library's own: Python's workers leave it out.
   */
  readonly newest_sent?: number | null;
  readonly [more: string]: unknown;
}

/** What a worker tells another that joins. */
export interface Hello {
  readonly revoked: Readonly<Record<string, unknown>>;
  /** Workflows, by their first tasks. This and the stamps are this library's own. */
  readonly revoked_roots: readonly string[];
  /** Values by header. */
  readonly revoked_stamps: Readonly<Record<string, readonly string[]>>;
  readonly clock: number;
}
