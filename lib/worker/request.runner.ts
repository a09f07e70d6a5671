import type { Clock, Timer } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { SoftTimeLimitExceeded, TaskTerminated, TimeLimitExceeded } from '../task/task.signals.js';
import type { TaskConfig } from '../task/task.options.js';
import type { LimitOverrides } from './limit.overrides.js';
import { ABANDONED, TERMINATED, type Outcome } from './outcome.js';
import type { Pool, Requests } from './pool/pool.js';
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

/** Runs one request, or a batch, to its end, within its time limits, in its pool. Never rejects. */
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
    return new Promise((resolve) => this.#start([{ request, resolve }]));
  }

  /**
   * Runs a batch in one call of its handler. Each ends by itself: one that is cut short ends at once and the handler runs on
   * for the others, until none is left.
   */
  runTogether(requests: readonly Request[]): readonly Promise<Outcome>[] {
    const parts: Part[] = [];
    const outcomes = requests.map(
      (request) => new Promise<Outcome>((resolve) => void parts.push({ request, resolve })),
    );
    const [first, ...others] = parts;
    if (first !== undefined) this.#start([first, ...others]);
    return outcomes;
  }

  #start(parts: readonly [Part, ...Part[]]): void {
    const open = new Set<Part>(parts);
    const [{ request: first }, ...others] = parts;
    const requests: Requests = [first, ...others.map(({ request }) => request)];
    let disarm = NOTHING;
    const close = (part: Part): void => {
      open.delete(part);
      part.request.cutShort = undefined;
      part.request.terminate = undefined;
      part.grace?.cancel();
      if (open.size === 0) disarm();
    };
    const run = this.deps.poolOf(first).run(requests, () => {
      if (open.size > 0) disarm = this.#armLimits(requests);
    });
    let cut: (() => void)[] = [];
    const endCut = async (): Promise<void> => {
      const ends = cut;
      cut = [];
      if (open.size === 0 && (await run.kill()) === 'runsOn') this.#follow(first, run.outcomes);
      for (const end of ends) end();
    };
    for (const part of parts) {
      part.request.cutShort = (outcome) => {
        close(part);
        // All that are cut together end together: when nothing of them runs any more, if that can be had.
        if (cut.length === 0) queueMicrotask(() => void endCut());
        cut.push(() => part.resolve(outcome));
      };
    }
    for (const part of parts) {
      const { request } = part;
      request.terminate = (graceMs) => {
        part.revoked = true;
        request.abort.abort(new TaskTerminated());
        part.grace?.cancel();
        if (graceMs > 0) part.grace = this.deps.clock.after(graceMs, () => request.cutShort?.(TERMINATED));
        else request.cutShort?.(TERMINATED);
      };
    }
    void run.outcomes.then((outcomes) => {
      for (const [index, part] of parts.entries()) {
        const outcome = outcomes[index];
        if (!open.has(part) || outcome === undefined) continue;
        close(part);
        part.resolve(finalOf(part, outcome));
      }
    });
  }

  /** Most tasks have no limit and cost no timer. Of a batch, the shortest limit of its messages holds for all. */
  #armLimits(requests: Requests): () => void {
    const { clock, config } = this.deps;
    const limits = requests.map((request) => timeLimitsOf(request.message, this.#configOf(request), config));
    const softMs = least(limits.map((each) => each.softMs));
    const hardMs = least(limits.map((each) => each.hardMs));
    if (softMs === undefined && hardMs === undefined) return NOTHING;
    const startedMs = clock.monotonicMs();
    const soft =
      softMs === undefined
        ? undefined
        : clock.after(softMs, () => {
            for (const { abort } of requests) abort.abort(new SoftTimeLimitExceeded(softMs / 1000));
          });
    const hard =
      hardMs === undefined
        ? undefined
        : clock.after(hardMs, () => {
            const runtimeMs = clock.monotonicMs() - startedMs;
            for (const request of requests) this.#hardLimit(request, hardMs, runtimeMs);
          });
    return () => {
      soft?.cancel();
      hard?.cancel();
    };
  }

  #configOf({ definition: { name, config } }: Request): TaskConfig {
    return this.deps.limits?.over(name, config) ?? config;
  }

  #hardLimit(request: Request, hardMs: number, runtimeMs: number): void {
    // One of a batch may have ended before.
    if (request.cutShort === undefined) return;
    const error = new TimeLimitExceeded(hardMs / 1000);
    this.deps.log.error(`Hard time limit (${hardMs / 1000}s) exceeded for ${request.label}`);
    request.cutShort({ kind: 'failed', error, runtimeMs });
    request.abort.abort(error);
  }

  #follow(request: Request, ended: Promise<unknown>): void {
    const { clock, log } = this.deps;
    const givenUpMs = clock.monotonicMs();
    this.#leaked += 1;
    log.error(
      `The handler of ${request.label} cannot be killed on an event loop and runs on beside the others ` +
        `(${this.#leaked} such now): let it listen to task.signal, or give it a pool of threads or processes.`,
    );
    void ended.then(() => {
      this.#leaked -= 1;
      const lateMs = clock.monotonicMs() - givenUpMs;
      log.warn(`The handler of ${request.label} has ended, ${lateMs / 1000}s after it was given up`);
    });
  }
}

interface Part {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  /** While it runs. */
  revoked?: true;
  /** Until it is cut short, once it is revoked. */
  grace?: Timer;
}

/** What a handler made of it counts only while the request is this worker's, and wanted. */
function finalOf({ request, revoked }: Part, outcome: Outcome): Outcome {
  if (request.lost) return ABANDONED;
  return revoked === true ? TERMINATED : outcome;
}

function least(limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limitMs) => limitMs !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

const NOTHING = (): void => undefined;
