import type { Verdict } from './checker.js';
import type { Row, Stage } from './scenario.js';

type Wrong = 'lost' | 'stuck' | 'duplicated' | 'restarted' | 'unexpected' | 'pending' | 'denied';

/** What of these a verdict should not have and has, with one id of each. */
export function promises(verdict: Verdict, none: readonly Wrong[]): string[] {
  return none.flatMap((wrong) => {
    const ids = verdict[wrong];
    return ids.length === 0 ? [] : [`${ids.length} ${wrong}: ${ids.slice(0, 3).join(', ')}`];
  });
}

export interface Judgement {
  readonly stage: Stage;
  readonly test: string;
  readonly variant: string;
  readonly verdict: Verdict;
  readonly faults: number;
  readonly slowestMs: number;
  readonly begunMs: number;
  readonly broken: readonly string[];
}

export function judged(found: Judgement): Row {
  const { stage, test, variant, verdict, faults, slowestMs, begunMs, broken } = found;
  return {
    test,
    variant,
    place: stage.place.name,
    size: verdict.attempted,
    faults,
    executed: verdict.executed,
    lost: verdict.lost.length,
    duplicated: verdict.duplicated.length,
    restarted: verdict.restarted.length,
    recovered: verdict.recovered.length,
    unexpected: verdict.unexpected.length,
    stuck: verdict.stuck.length,
    slowestMs: Math.round(slowestMs),
    seconds: Math.round((performance.now() - begunMs) / 100) / 10,
    broken,
  };
}
