import type { Place, PlaceName } from './place.js';
import type { Random } from './random.js';

export const TIERS = ['short', 'ci', 'full'] as const;
/** `full`: the sizes of the promise sheet. `ci`: a tenth. `short`: a minute for everything, on servers that are not killed. */
export type Tier = (typeof TIERS)[number];

/** What a scenario is given. */
export interface Stage {
  readonly tier: Tier;
  readonly random: Random;
  readonly place: Place;
  /** The compiled worker. */
  readonly script: string;
  /** A folder of the run's own. */
  readonly folder: string;
  /** This run is one of so many side by side: each has its part of the size. */
  readonly parts: number;
}

/** One line of the result table. */
export interface Row {
  readonly test: string;
  readonly variant: string;
  readonly place: PlaceName;
  /** Tasks sent. */
  readonly size: number;
  readonly faults: number;
  readonly executed: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly restarted: number;
  readonly recovered: number;
  readonly unexpected: number;
  readonly stuck: number;
  /** From a fault to the recovery that the test is about, the slowest. */
  readonly slowestMs: number;
  readonly seconds: number;
  /** What broke a promise; empty: passed. */
  readonly broken: readonly string[];
}

export interface Scenario {
  /** As in the plan: `GS-1`. */
  readonly id: string;
  readonly title: string;
  readonly places: readonly PlaceName[];
  readonly variants: readonly string[];
  readonly tiers: readonly Tier[];
  /** Of `full`, that run side by side: for a scenario that waits most of its time. Default 1. */
  readonly parts?: number;
  run(stage: Stage, variant: string): Promise<Row>;
}

/** By tier. */
export function sized(tier: Tier, full: number, short: number): number {
  if (tier === 'full') return full;
  return tier === 'ci' ? Math.max(1, Math.round(full / 10)) : short;
}

/** The same for a run that may be one of several parts. */
export function partSized({ tier, parts }: Stage, full: number, short: number): number {
  return Math.ceil(sized(tier, full, short) / parts);
}

/** The short tier runs beside whatever else is on the machine: it counts, and promises no times. */
export function isTimed(tier: Tier): boolean {
  return tier !== 'short';
}
