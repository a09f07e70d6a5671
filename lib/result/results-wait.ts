import { READY_STATES, type ResultBackend, type TaskMeta } from '../backend/result-backend.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { taskError } from './task-error.js';

export interface WaitLimits {
  readonly backend: ResultBackend;
  readonly clock: Clock;
  /** Undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** How often to look, beside being told; undefined: as often as the backend looks by itself. */
  readonly intervalMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Wanted {
  readonly taskIds: readonly string[];
  /** Tasks whose failure ends the wait: without them the wanted ones are never sent. */
  readonly before: readonly string[];
  /** Called once for each task, with its final state. */
  readonly onResult: (meta: TaskMeta) => void;
  /** Everything is there. Nothing else is called before or after this or `onFailure`. */
  readonly onEnd: () => void;
  /** The limit, the signal's reason, a failed task of `before`, or why a stored result cannot be read. */
  readonly onFailure: (reason: unknown) => void;
  /** What is thrown at the limit. */
  readonly late: (limitMs: number) => Error;
}

/** A backend that does not answer must not hold up a wait that is over. */
const LAST_LOOK_MS = 1_000;

/** Waits for the final states of tasks: one watch each, and two timers at most. Nothing is left of it once it has ended. */
export class ResultsWait {
  readonly #missing: Set<string>;
  #over = false;
  #limit: Timer | undefined;
  #look: Timer | undefined;
  readonly #unwatch = new Map<string, () => void>();

  constructor(
    private readonly wanted: Wanted,
    private readonly limits: WaitLimits,
  ) {
    this.#missing = new Set(wanted.taskIds);
  }

  begin(): void {
    const { clock, timeoutMs, signal } = this.limits;
    if (signal?.aborted === true) return this.#onAbort();
    if (this.#missing.size === 0) return this.#succeed();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    // Those before first: of several failures, theirs is heard.
    for (const taskId of new Set(this.wanted.before))
      if (!this.#missing.has(taskId)) this.#watch(taskId, this.#onBefore, () => undefined);
    for (const taskId of this.#missing) this.#watch(taskId, this.#onMeta, (error) => this.#fail(error));
    if (timeoutMs !== undefined) this.#limit = clock.after(timeoutMs, () => this.#lookLast(timeoutMs));
    this.#lookLater();
  }

  /** Nothing more is told. Safe to repeat. */
  end(): void {
    this.#over = true;
    for (const unwatch of this.#unwatch.values()) unwatch();
    this.#unwatch.clear();
    this.#limit?.cancel();
    this.#look?.cancel();
    this.limits.signal?.removeEventListener('abort', this.#onAbort);
  }

  #watch(taskId: string, onMeta: (meta: TaskMeta) => void, onUnreadable: (error: Error) => void): void {
    this.#unwatch.set(taskId, this.limits.backend.watch(taskId, onMeta, onUnreadable));
  }

  readonly #onAbort = (): void => this.#fail(this.limits.signal?.reason);

  readonly #onBefore = (meta: TaskMeta): void => {
    if (READY_STATES.has(meta.status) && meta.status !== 'SUCCESS') this.#fail(taskError(meta));
  };

  readonly #onMeta = (meta: TaskMeta | undefined): void => {
    if (meta === undefined || this.#over || !READY_STATES.has(meta.status)) return;
    if (!this.#missing.delete(meta.taskId)) return;
    this.#unwatch.get(meta.taskId)?.();
    this.#unwatch.delete(meta.taskId);
    this.wanted.onResult(meta);
    if (this.#missing.size === 0) this.#succeed();
  };

  #succeed(): void {
    if (this.#over) return;
    this.end();
    this.wanted.onEnd();
  }

  #fail(reason: unknown): void {
    if (this.#over) return;
    this.end();
    this.wanted.onFailure(reason);
  }

  #lookLater(): void {
    const { clock, intervalMs } = this.limits;
    if (intervalMs === undefined || this.#over) return;
    this.#look = clock.after(intervalMs, () => void this.#lookNow().then(() => this.#lookLater()));
  }

  async #lookNow(): Promise<void> {
    // A look that fails is no answer; the next may be one.
    const look = (taskId: string): Promise<void> =>
      this.limits.backend.get(taskId).then(this.#onMeta, () => undefined);
    await Promise.all([...this.#missing].map(look));
  }

  /** The result may be there although nobody told: a connection can be lost without anyone noticing. */
  #lookLast(limitMs: number): void {
    const late = (): void => this.#fail(this.wanted.late(limitMs));
    this.#limit = this.limits.clock.after(LAST_LOOK_MS, late);
    void this.#lookNow().then(late);
  }
}
