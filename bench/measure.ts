/** What a figure counts. Of rates more is better, of all others less. */
export type Unit = 'per second' | 'ms' | 'ms p50' | 'ms p99' | 'MiB' | '% of a core';

/** What one round came to. */
export type Sample = Readonly<Partial<Record<Unit, number>>>;

/** One contender in one workload. */
export interface Contender {
  readonly name: string;
  /** What it promises while it is measured: `confirmed`, `at least once`, … */
  readonly promise: string;
  /** One round, in a world of its own that is gone afterwards. */
  round(): Promise<Sample>;
}

export interface Workload {
  readonly name: string;
  /** The first is what the others are compared with. */
  readonly contenders: readonly Contender[];
}

export interface Row {
  readonly workload: string;
  readonly contender: string;
  readonly promise: string;
  readonly unit: Unit;
  /** Median of the rounds. */
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: number;
  /** How many times as good the workload's first contender is: above 1 it is better, whatever the unit. */
  readonly ratio: number;
  /** Why there is no figure, where there is none. */
  readonly failed?: string;
}

/**
 * Runs a workload `rounds` times, its contenders in turn, and keeps the median of each one's figures.
 * @param enoughMs a contender whose rounds took longer altogether takes no more of them
 */
export async function measure(
  { name, contenders }: Workload,
  rounds: number,
  enoughMs: number,
): Promise<Row[]> {
  const runs = contenders.map((contender) => ({
    contender,
    samples: [] as Sample[],
    tookMs: 0,
    failed: undefined as string | undefined,
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const run of runs) {
      if (run.failed !== undefined || run.tookMs > enoughMs) continue;
      const startMs = performance.now();
      try {
        const sample = await run.contender.round();
        run.samples.push(sample);
      } catch (error) {
        run.failed = error instanceof Error ? error.message : String(error);
      }
      run.tookMs += performance.now() - startMs;
    }
  }
  const first = runs[0]?.samples ?? [];
  return runs.flatMap(({ contender, samples, failed }) => {
    const base = { workload: name, contender: contender.name, promise: contender.promise };
    if (failed !== undefined) return [{ ...base, ...NOTHING, rounds: samples.length, failed }];
    return unitsOf(samples).map((unit) => {
      const values = samples.map((sample) => sample[unit] ?? Number.NaN);
      const value = median(values);
      const best = median(first.map((sample) => sample[unit] ?? Number.NaN));
      return {
        ...base,
        unit,
        value,
        least: Math.min(...values),
        most: Math.max(...values),
        rounds: values.length,
        ratio: unit === 'per second' ? best / value : value / best,
      };
    });
  });
}

const NOTHING = {
  unit: 'per second',
  value: Number.NaN,
  least: Number.NaN,
  most: Number.NaN,
  ratio: Number.NaN,
} as const;

function unitsOf([sample = {}]: readonly Sample[]): Unit[] {
  return Object.keys(sample) as Unit[];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Runs `count` operations with at most `width` under way. */
export async function inFlight(count: number, width: number, operation: (index: number) => Promise<unknown>) {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await operation(next);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}
