import type { Clock, Timer } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { SoftTimeLimitExceeded, TaskTerminated, TimeLimitExceeded } from '../task/task.signals.js';
import type { TaskConfig } from '../task/task.options.js';
import type { LimitOverrides } from './limit.overrides.js';
import { ABANDONED, TERMINATED, type Outcome } from './outcome.js';
import type { Pool, PoolRun, Requests } from './pool/pool.js';
import type { Request, Running } from './request.js';
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
    return new Promise((resolve) => this.#start([new Part(request, resolve)]));
  }

  /**
   * Runs a batch in one call of its handler. Each ends by itself: one that is cut short ends at once and the handler runs on
   * for the others, until none is left.
   */
  runTogether(requests: readonly Request[]): readonly Promise<Outcome>[] {
    const parts: Part[] = [];
    const outcomes = requests.map(
      (request) => new Promise<Outcome>((resolve) => void parts.push(new Part(request, resolve))),
    );
    const [first, ...others] = parts;
    if (first !== undefined) this.#start([first, ...others]);
    return outcomes;
  }

  #start(parts: Parts): void {
    const requests = requestsOf(parts);
    const [first] = requests;
    const call = new Call(parts, this.deps.clock, (outcomes) => this.#follow(first, outcomes));
    const run = this.deps.poolOf(first).run(requests, () => call.armed(this.#armLimits(requests)));
    call.begun(run);
  }

  /** Most tasks have no limit and cost no timer. Of a batch, the shortest limit of its messages holds for all. */
  #armLimits(requests: Requests): () => void {
    const { clock, config } = this.deps;
    let [softMs, hardMs] = [Infinity, Infinity];
    for (const request of requests) {
      const limits = timeLimitsOf(request.message, this.#configOf(request), config);
      softMs = Math.min(softMs, limits.softMs ?? Infinity);
      hardMs = Math.min(hardMs, limits.hardMs ?? Infinity);
    }
    if (softMs === Infinity && hardMs === Infinity) return NOTHING;
    const startedMs = clock.monotonicMs();
    const soft =
      softMs === Infinity
        ? undefined
        : clock.after(softMs, () => {
            for (const { abort } of requests) abort.abort(new SoftTimeLimitExceeded(softMs / 1000));
          });
    const hard =
      hardMs === Infinity
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
    if (request.running === undefined) return;
    const error = new TimeLimitExceeded(hardMs / 1000);
    this.deps.log.error(`Hard time limit (${hardMs / 1000}s) exceeded for ${request.label}`);
    request.running.cutShort({ kind: 'failed', error, runtimeMs });
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

type Parts = readonly [Part, ...Part[]];

/** One call of a handler, until the last of its requests has ended. */
class Call {
  #open: number;
  #disarm = NOTHING;
  #run: PoolRun | undefined;
  #cut: Part[] = [];

  constructor(
    private readonly parts: Parts,
    readonly clock: Clock,
    private readonly runsOn: (outcomes: Promise<unknown>) => void,
  ) {
    this.#open = parts.length;
  }

  /** Its time limits count. */
  armed(disarm: () => void): void {
    if (this.#open > 0) this.#disarm = disarm;
    else disarm();
  }

  begun(run: PoolRun): void {
    this.#run = run;
    for (const part of this.parts) part.begun(this);
    void run.outcomes.then((outcomes) => {
      for (const [index, part] of this.parts.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined) part.ended(outcome);
      }
    });
  }

  closed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#disarm();
  }

  /** All that are cut together end together: when nothing of them runs any more, if that can be had. */
  cutShort(part: Part): void {
    if (this.#cut.length === 0) queueMicrotask(() => void this.#endCut());
    this.#cut.push(part);
  }

  async #endCut(): Promise<void> {
    const cut = this.#cut;
    this.#cut = [];
    const run = this.#run;
    if (run !== undefined && this.#open === 0 && (await run.kill()) === 'runsOn') this.runsOn(run.outcomes);
    for (const part of cut) part.tellEnd();
  }
}

/** One request of a call. */
class Part implements Running {
  #call: Call | undefined;
  #end: Outcome | undefined;
  /** Revoked while it runs. */
  #revoked = false;
  /** Until it is cut short, once it is revoked. */
  #grace: Timer | undefined;

  constructor(
    readonly request: Request,
    private readonly resolve: (outcome: Outcome) => void,
  ) {}

  begun(call: Call): void {
    this.#call = call;
    this.request.running = this;
  }

  ended(outcome: Outcome): void {
    if (this.#end !== undefined) return;
    this.#close(finalOf(this.request, this.#revoked, outcome));
    this.tellEnd();
  }

  cutShort(outcome: Outcome): void {
    if (this.#end !== undefined) return;
    this.#close(outcome);
    this.#call?.cutShort(this);
  }

  terminate(graceMs: number): void {
    this.#revoked = true;
    this.request.abort.abort(new TaskTerminated());
    this.#grace?.cancel();
    if (graceMs <= 0) return this.cutShort(TERMINATED);
    this.#grace = this.#call?.clock.after(graceMs, () => this.cutShort(TERMINATED));
  }

  tellEnd(): void {
    if (this.#end !== undefined) this.resolve(this.#end);
  }

  #close(end: Outcome): void {
    this.#end = end;
    this.request.running = undefined;
    this.#grace?.cancel();
    this.#call?.closed();
  }
}

function requestsOf([first, ...others]: Parts): Requests {
  return [first.request, ...others.map(({ request }) => request)];
}

/** What a handler made of it counts only while the request is this worker's, and wanted. */
function finalOf(request: Request, revoked: boolean, outcome: Outcome): Outcome {
  if (request.lost) return ABANDONED;
  return revoked ? TERMINATED : outcome;
}

const NOTHING = (): void => undefined;
