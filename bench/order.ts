/** When a worker gives a task up as done: before it runs, after it, or after it with its result stored. */
export type Mode = 'early' | 'late' | 'stored';

export type PeerName =
  'nestjs-celery' | 'bullmq' | 'celery' | 'celery-node' | 'golevelup' | 'amqplib' | 'ioredis';

/** What of ours is switched on beside the plain worker. */
export type Extra = 'events' | 'nest' | 'nest guard' | 'nest interceptor' | 'nest request scope';

/** What a process of a benchmark is told, as JSON in its environment; Python's too. */
export interface Order {
  readonly peer: PeerName;
  /**
   * `work`: runs tasks. `publish`: sends as fast as it can. `call`: sends one, waits for its result, sends the next. `flow`:
   * sends a workflow and waits for its result. `load`: sends at a pace until it is ended. `flood`: sends tasks due in an hour.
   */
  readonly role: 'work' | 'publish' | 'call' | 'flow' | 'load' | 'flood';
  readonly broker: string;
  readonly backend: string;
  readonly queue: string;
  readonly mode: Mode;
  /** Tasks before the first that is measured. */
  readonly warmUp: number;
  /** Tasks measured. */
  readonly count: number;
  /** Tasks sent and not yet answered for, at most. */
  readonly width: number;
  /** Length of the one text that is the argument; 0: two small numbers. */
  readonly payloadBytes: number;
  /** Tasks run at once. */
  readonly concurrency: number;
  /** Where they run, where it is not the worker's own event loop. */
  readonly pool: 'prefork' | 'threads' | 'none';
  /** CPU time of a task. 0: it does nothing. */
  readonly taskMs: number;
  /** Rounds of the loop in `burn.ts` that make one millisecond on this machine. */
  readonly loopsPerMs: number;
  /** Tasks a second of the role `load`, calls a second of the role `call`. 0: as fast as it can. */
  readonly pace: number;
  readonly flow: 'chain' | 'group' | 'chord';
  readonly extra: Extra | 'none';
}

export const ORDER_VARIABLE = 'BENCH_ORDER';

/** What a process tells its parent: one line of its output begins so, and a JSON object follows. */
export const TOLD = '@bench ';

/** Words of what is told: `{ "ready": true }`, `{ "sample": { "per second": 12 } }`. */
export type Word = 'ready' | 'sample';

export function orderOfThisProcess(): Order {
  return JSON.parse(process.env[ORDER_VARIABLE] ?? '{}') as Order;
}

export function tell(word: Word, what: unknown): void {
  process.stdout.write(`${TOLD}${JSON.stringify({ [word]: what })}\n`);
}

/** Arguments of a task. */
export function argumentsOf({ payloadBytes, taskMs, loopsPerMs }: Order): unknown[] {
  if (taskMs > 0) return [Math.round(taskMs * loopsPerMs)];
  return payloadBytes === 0 ? [2, 3] : ['x'.repeat(payloadBytes)];
}

export function taskOf({ taskMs }: Order): string {
  return taskMs > 0 ? 'bench.burn' : 'bench.noop';
}
