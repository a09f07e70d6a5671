import type { Row, Stage } from '../scenario.js';
import type { Watched } from './watch.js';

interface Fuzzed {
  readonly test: string;
  readonly variant: string;
  readonly seen: Watched;
  readonly begunMs: number;
}

/** Tasks: the inputs. Faults: those refused. Executed: those read. The slowest is one input. */
export function fuzzRow({ place }: Stage, { test, variant, seen, begunMs }: Fuzzed): Row {
  const { read, refused, slowestMs, broken } = seen;
  return {
    test,
    variant,
    place: place.name,
    size: read + refused,
    faults: refused,
    executed: read,
    lost: 0,
    duplicated: 0,
    restarted: 0,
    recovered: 0,
    unexpected: 0,
    stuck: 0,
    slowestMs: Math.round(slowestMs * 10) / 10,
    seconds: Math.round((performance.now() - begunMs) / 100) / 10,
    broken,
  };
}
