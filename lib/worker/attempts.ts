import { failpoint } from '../runtime/failpoint.js';
import { TaskTerminated } from '../task/task.signals.js';
import type { Verdict } from './admission.js';
import { ABANDONED, INTERRUPTED, TERMINATED, type Outcome } from './outcome.js';
import type { Request } from './request.js';
import type { RequestRunner } from './request.runner.js';
import type { ResultRecorder } from './result.recorder.js';
import type { Settlement } from './settlement.js';
import type { Suspects } from './starts/suspects.js';
import type { TaskObserver } from './task.observer.js';
import type { TaskLog } from './task.log.js';

export interface AttemptsDeps {
  readonly admit: (request: Request) => Verdict;
  readonly runner: RequestRunner;
  readonly suspects: Suspects;
  readonly recorder: ResultRecorder;
  readonly settlement: Settlement;
  readonly taskLog: TaskLog;
  readonly observer: TaskObserver;
}

/** What happens to a request that has its place in the pool: a last look, its early acknowledgement, its run, its settlement. */
export class Attempts {
  constructor(private readonly deps: AttemptsDeps) {}

  /**
   * @param ran called when its handler runs no more, before what became of it is stored and acknowledged; not where the
   * attempt itself fails
   */
  work(request: Request, ran: () => void): Promise<void> {
    return this.#settle(request, () => this.#outcomeOf(request), ran);
  }

  /** Those of a batch, in one call of their handler. Each is looked at, acknowledged and settled by itself. */
  workTogether(requests: readonly Request[]): readonly Promise<void>[] {
    const stopped = requests.map(async (request) => this.#unlessStopped(request, TOGETHER));
    const ran = this.#runReady(requests, stopped);
    return requests.map((request, index) => {
      const outcome = async (): Promise<Outcome> =>
        (await stopped[index]) ?? (await (await ran).get(request)) ?? stopOf(request);
      return this.#settle(request, outcome, NOTHING);
    });
  }

  async #settle(request: Request, run: () => Promise<Outcome>, ran: () => void): Promise<void> {
    const { settlement, suspects } = this.deps;
    let outcome: Outcome | undefined;
    try {
      outcome = await run();
      ran();
      const struck = failpoint('finishedRun');
      if (struck !== undefined) await struck;
      await settlement.settle(request, outcome);
    } finally {
      suspects.ended(request, outcome);
    }
  }

  async #runReady(
    requests: readonly Request[],
    stopped: readonly Promise<Outcome | undefined>[],
  ): Promise<ReadonlyMap<Request, Promise<Outcome> | undefined>> {
    const looked = await Promise.allSettled(stopped);
    const ready = requests.filter((request, index) => {
      const look = looked[index];
      return look?.status === 'fulfilled' && look.value === undefined && !request.abort.aborted;
    });
    for (const request of ready) this.deps.observer.started(request);
    const outcomes = this.deps.runner.runTogether(ready).values();
    return new Map(ready.map((request) => [request, outcomes.next().value]));
  }

  #outcomeOf(request: Request): Promise<Outcome> {
    const stopped = this.#unlessStopped(request, ALONE);
    if (stopped instanceof Promise) return stopped.then((end) => end ?? this.#run(request));
    return stopped === undefined ? this.#run(request) : Promise.resolve(stopped);
  }

  #run(request: Request): Promise<Outcome> {
    this.deps.observer.started(request);
    return this.deps.runner.run(request);
  }

  /** Everything before the run. Most tasks wait for nothing here. */
  #unlessStopped(request: Request, together: boolean): Stop {
    const { config } = request.definition;
    const verdict = this.deps.admit(request);
    if (verdict.run === 'never') return revoked(verdict);
    if (!config.acksLate) return this.#ackedFirst(request);
    // Not ours any more means that another worker will run it.
    if (request.lost) return ABANDONED;
    if (this.deps.suspects.covers(request)) return this.#unlessSuspect(request, together);
    return this.#begun(request);
  }

  async #ackedFirst(request: Request): Promise<Outcome | undefined> {
    const { delivery } = request;
    if ((await (delivery.ackFirst?.() ?? delivery.ack())) === 'lost') return ABANDONED;
    request.ackedEarly = true;
    const struck = failpoint('ackedEarly');
    if (struck !== undefined) await struck;
    return this.#begun(request);
  }

  async #unlessSuspect(request: Request, together: boolean): Promise<Outcome | undefined> {
    return (await this.deps.suspects.begin(request, together)) ?? this.#begun(request);
  }

  #begun(request: Request): Stop {
    const { trackStarted } = request.definition.config;
    return trackStarted && !request.ignoresResult ? this.#tracked(request) : lastLook(request);
  }

  async #tracked(request: Request): Promise<Outcome | undefined> {
    const { recorder, taskLog } = this.deps;
    await recorder.started(request).catch((error: unknown) => {
      taskLog.trouble(request, 'could not store its STARTED state', error);
    });
    return lastLook(request);
  }
}

/** The outcome of what never runs. Undefined: it runs. */
type Stop = Outcome | undefined | Promise<Outcome | undefined>;

function lastLook(request: Request): Stop {
  const look = (): Outcome | undefined => (request.abort.aborted ? stopOf(request) : undefined);
  const struck = failpoint('started');
  return struck === undefined ? look() : struck.then(look);
}

const TOGETHER = true;
const ALONE = false;

export function revoked({ why }: Extract<Verdict, { run: 'never' }>): Outcome {
  return { kind: 'revoked', reason: why === 'expired' ? 'expired' : 'revoked' };
}

/** Aborted before it began: it never runs. */
function stopOf({ abort }: Request): Outcome {
  return abort.reason instanceof TaskTerminated ? TERMINATED : INTERRUPTED;
}

const NOTHING = (): void => undefined;
