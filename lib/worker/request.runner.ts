import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { SoftTimeLimitExceeded, TimeLimitExceeded } from '../task/task.signals.js';
import type { TaskConfig } from '../task/task.options.js';
import type { LimitOverrides } from './limit.overrides.js';
import type { Outcome } from './outcome.js';
import type { Pool } from './pool/pool.js';
import type { Request } from './request.js';
import { timeLimitsOf } from './time-limits.js';
import type { WorkerConfig } from './worker.options.js';

export interface RunnerDeps {
  /** Where a request runs. */
  readonly poolOf: (request: Request) => Pool;
  readonly config: Pick<WorkerConfig, 'timeLimit' | 'softTimeLimit'>;
  /** Limits that were changed since the start. Default none. */
  readonly limits?: LimitOverrides;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs one request to its end, within its time limits, in its pool. Never rejects. */
export class RequestRunner {
  #leaked = 0;

  constructor(private readonly deps: RunnerDeps) {}

  /**
   * Handlers that still run although their request has ended: a hard time limit or a shutdown did not wait for them, and
   * their pool could not kill them.
   */
  get leaked(): number {
    return this.#leaked;
  }

  run(request: Request): Promise<Outcome> {
    return new Promise((resolve) => {
      let disarm = NOTHING;
      let over = false;
      const end = (): void => {
        over = true;
        request.cutShort = undefined;
        disarm();
      };
      const run = this.deps.poolOf(request).run(request, () => {
        if (!over) disarm = this.#armLimits(request);
      });
      request.cutShort = (outcome) => {
        end();
        void run.kill().then((left) => {
          if (left === 'runsOn') this.#follow(request, run.outcome);
          resolve(outcome);
        });
      };
      void run.outcome.then((outcome) => {
        if (over) return;
        end();
        resolve(request.lost ? ABANDONED : outcome);
      });
    });
  }

  /** Most tasks have no limit and cost no timer. */
  #armLimits(request: Request): () => void {
    const { clock, config } = this.deps;
    const { softMs, hardMs } = timeLimitsOf(request.message, this.#configOf(request), config);
    if (softMs === undefined && hardMs === undefined) return NOTHING;
    const startedMs = clock.monotonicMs();
    const soft =
      softMs === undefined
        ? undefined
        : clock.after(softMs, () => request.abort.abort(new SoftTimeLimitExceeded(softMs / 1000)));
    const hard =
      hardMs === undefined
        ? undefined
        : clock.after(hardMs, () => this.#hardLimit(request, hardMs, clock.monotonicMs() - startedMs));
    return () => {
      soft?.cancel();
      hard?.cancel();
    };
  }

  #configOf({ definition: { name, config } }: Request): TaskConfig {
    return this.deps.limits?.over(name, config) ?? config;
  }

  #hardLimit(request: Request, hardMs: number, runtimeMs: number): void {
    const error = new TimeLimitExceeded(hardMs / 1000);
    this.deps.log.error(`Hard time limit (${hardMs / 1000}s) exceeded for ${request.label}`);
    request.cutShort?.({ kind: 'failed', error, runtimeMs });
    request.abort.abort(error);
  }

  #follow(request: Request, outcome: Promise<Outcome>): void {
    const { clock, log } = this.deps;
    const givenUpMs = clock.monotonicMs();
    this.#leaked += 1;
    log.error(
      `The handler of ${request.label} cannot be killed on an event loop and runs on beside the others ` +
        `(${this.#leaked} such now): let it listen to task.signal, or give it a pool of threads or processes.`,
    );
    void outcome.then(() => {
      this.#leaked -= 1;
      const lateMs = clock.monotonicMs() - givenUpMs;
      log.warn(`The handler of ${request.label} has ended, ${lateMs / 1000}s after it was given up`);
    });
  }
}

const NOTHING = (): void => undefined;
const ABANDONED: Outcome = Object.freeze({ kind: 'abandoned' });
