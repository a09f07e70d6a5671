import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileLib } from '../support/compiled-lib.js';

/** By path and kind: how many, or how many bytes, for each task. */
export type Costs = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Nothing is compiled to machine code, which allocates less the longer it has run; nothing happens beside the script's own
 * thread; and the young generation is so large that nothing of it is collected meanwhile.
 */
const FLAGS = [
  '--expose-gc',
  '--no-opt',
  '--no-sparkplug',
  '--no-lazy-feedback-allocation',
  '--single-threaded',
  '--min-semi-space-size=1024',
  '--max-semi-space-size=1024',
  '--max-old-space-size=4096',
];

/** Counts them anew, in a process of its own. */
export async function countCosts(): Promise<Costs> {
  await using lib = await compileLib();
  const script = await lib.compile(join(import.meta.dirname, 'count.ts'), 'count.js');
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script]);
  return JSON.parse(stdout) as Costs;
}

/** What was counted once and is not to be exceeded. */
export interface Baseline {
  /** The release of Node whose objects the bytes are of. */
  readonly node: number;
  readonly costs: Costs;
}

/** Counts are the same each time but for a few that the clock makes; bytes differ by less than a thousandth. */
const SHARE = { bytes: 0.03, others: 0.02 } as const;
const FEW = 0.1;

/** What costs more than it did, in words. Bytes count only on the release of Node that the baseline is of. */
export function dearer(now: Baseline, then: Baseline): string[] {
  return Object.entries(now.costs).flatMap(([path, counts]) =>
    Object.entries(counts).flatMap(([kind, count]) => {
      const bytes = kind === 'bytes';
      if (bytes && now.node !== then.node) return [];
      const allowed = (then.costs[path]?.[kind] ?? 0) * (1 + (bytes ? SHARE.bytes : SHARE.others)) + FEW;
      if (count <= allowed) return [];
      const was = then.costs[path]?.[kind] ?? 0;
      return [`${path}: ${rounded(count)} ${kind} for each task, ${rounded(was)} before`];
    }),
  );
}

function rounded(count: number): string {
  return count.toFixed(count < 1_000 ? 2 : 0);
}
