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

  work(request: Request): Promise<void> {
    return this.#settle(request, this.#outcomeOf(request));
  }

  /** Those of a batch, in one call of their handler. Each is looked at, acknowledged and settled by itself. */
  workTogether(requests: readonly Request[]): readonly Promise<void>[] {
    const stopped = requests.map((request) => this.#unlessStopped(request, TOGETHER));
    const ran = this.#runReady(requests, stopped);
    return requests.map((request, index) => {
      const outcome = async (): Promise<Outcome> => {
        const ended = (await stopped[index]) ?? (await (await ran).get(request)) ?? stopOf(request);
        await failpoint('finishedRun');
        return ended;
      };
      return this.#settle(request, outcome());
    });
  }

  async #settle(request: Request, coming: Promise<Outcome>): Promise<void> {
    const { settlement, suspects } = this.deps;
    let outcome: Outcome | undefined;
    try {
      outcome = await coming;
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

  async #outcomeOf(request: Request): Promise<Outcome> {
    const { runner, observer } = this.deps;
    const stopped = await this.#unlessStopped(request, ALONE);
    if (stopped !== undefined) return stopped;
    observer.started(request);
    const outcome = await runner.run(request);
    const struck = failpoint('finishedRun');
    if (struck !== undefined) await struck;
    return outcome;
  }

  /** Everything before the run; an outcome where there will be none. */
  async #unlessStopped(request: Request, together: boolean): Promise<Outcome | undefined> {
    const { admit, recorder, suspects, taskLog } = this.deps;
    const { delivery, definition } = request;
    const verdict = admit(request);
    if (verdict.run === 'never') return revoked(verdict);
    // Not ours any more means that another worker will run it.
    if (definition.config.acksLate) {
      if (request.lost) return ABANDONED;
      if (suspects.covers(request)) {
        const end = await suspects.begin(request, together);
        if (end !== undefined) return end;
      }
    } else {
      if ((await (delivery.ackFirst?.() ?? delivery.ack())) === 'lost') return ABANDONED;
      request.ackedEarly = true;
      await failpoint('ackedEarly');
    }
    if (definition.config.trackStarted && !request.ignoresResult) {
      await recorder.started(request).catch((error: unknown) => {
        taskLog.trouble(request, 'could not store its STARTED state', error);
      });
    }
    const struck = failpoint('started');
    if (struck !== undefined) await struck;
    return request.abort.aborted ? stopOf(request) : undefined;
  }
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
