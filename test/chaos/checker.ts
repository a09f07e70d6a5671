import type { Entry } from './ledger.js';

/** What became of the tasks of a run. Counts and ids; `lost`, `duplicated`, `unexpected`, `stuck`, `pending` and `denied` are what can be wrong. */
export interface Verdict {
  /** Publishes begun. */
  readonly attempted: number;
  /** Publishes that resolved: the broker has it. */
  readonly acknowledged: number;
  /** Tasks that ran to their end at least once. */
  readonly executed: number;
  /** Acknowledged, and never begun. */
  readonly lost: readonly string[];
  /** Acknowledged, begun, and never ended. */
  readonly stuck: readonly string[];
  /** Begun again though a run had ended. */
  readonly duplicated: readonly string[];
  /** Begun again while no run had ended: its worker died, or it still ran. */
  readonly restarted: readonly string[];
  /** Not acknowledged, and executed all the same. */
  readonly recovered: readonly string[];
  /** Publishes that neither resolved nor rejected. */
  readonly pending: readonly string[];
  /** Rejected as surely not delivered, and executed all the same. */
  readonly denied: readonly string[];
  /** Executed, and nobody had sent it. */
  readonly unexpected: readonly string[];
}

/** Judges a ledger after its drain: faults are off, and nothing is on its way any more. */
export function check(entries: Iterable<Entry>): Verdict {
  const tasks = new Map<string, Life>();
  for (const { step, id } of entries) {
    const life = tasks.get(id) ?? { ...UNBORN };
    tasks.set(id, life);
    switch (step) {
      case 'attempted':
        life.attempted = true;
        break;
      case 'acknowledged':
        life.acknowledged = life.settled = true;
        break;
      case 'uncertain':
        life.settled = true;
        break;
      case 'refused':
        life.refused = life.settled = true;
        break;
      case 'started':
        life.again ||= life.ends > 0;
        life.starts += 1;
        break;
      case 'ended':
        life.again ||= life.ends > 0;
        life.ends += 1;
        break;
    }
  }
  const those = (what: (life: Life) => boolean): string[] =>
    [...tasks].filter(([, life]) => what(life)).map(([id]) => id);
  return {
    attempted: those((life) => life.attempted).length,
    acknowledged: those((life) => life.acknowledged).length,
    executed: those((life) => life.ends > 0).length,
    lost: those((life) => life.acknowledged && life.starts === 0),
    stuck: those((life) => life.acknowledged && life.starts > 0 && life.ends === 0),
    duplicated: those((life) => life.again),
    restarted: those((life) => life.starts > 1 && !life.again),
    recovered: those((life) => life.attempted && !life.acknowledged && life.ends > 0),
    pending: those((life) => life.attempted && !life.settled),
    denied: those((life) => life.refused && life.starts > 0),
    unexpected: those((life) => !life.attempted && life.starts > 0),
  };
}

interface Life {
  attempted: boolean;
  acknowledged: boolean;
  refused: boolean;
  settled: boolean;
  starts: number;
  ends: number;
  /** Ran again though it had ended. */
  again: boolean;
}

const UNBORN: Life = {
  attempted: false,
  acknowledged: false,
  refused: false,
  settled: false,
  starts: 0,
  ends: 0,
  again: false,
};
