/** One thing measured: how many it did, and how long it took or how each took. */
export interface Sample {
  /** Operations a second, or undefined for latencies. */
  readonly perSecond?: number;
  /** Milliseconds of each operation, for latencies. */
  readonly latenciesMs?: readonly number[];
}

/** One contender in one workload. `open` makes its world, `run` is timed, `close` ends what `open` made. */
export interface Contender {
  readonly name: string;
  /** What it promises while it is measured: `confirmed`, `at least once`, … */
  readonly promise: string;
  open(): Promise<{ run(): Promise<Sample>; close(): Promise<void> }>;
}

export interface Workload {
  readonly name: string;
  /** The first is the floor that the others are compared with. */
  readonly contenders: readonly Contender[];
}

export interface Row {
  readonly workload: string;
  readonly contender: string;
  readonly promise: string;
  readonly value: number;
  readonly unit: 'per second' | 'ms p50';
  readonly p99Ms?: number;
  /** Against the workload's first contender; above 1 is better, for rates and latencies alike. */
  readonly ratio: number;
}

/** Runs a workload `rounds` times, its contenders in turn, and keeps each one's median. */
export async function measure(workload: Workload, rounds: number): Promise<Row[]> {
  const samples = new Map<Contender, Sample[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of workload.contenders) {
      const world = await contender.open();
      try {
        samples.set(contender, [...(samples.get(contender) ?? []), await world.run()]);
      } finally {
        await world.close();
      }
    }
  }
  const measured = workload.contenders.map((contender) => summary(samples.get(contender) ?? []));
  const floor = measured[0]?.value ?? Number.NaN;
  return workload.contenders.map((contender, index) => {
    const { value = Number.NaN, unit = 'per second', p99Ms } = measured[index] ?? {};
    const ratio = unit === 'per second' ? value / floor : floor / value;
    const row = {
      workload: workload.name,
      contender: contender.name,
      promise: contender.promise,
      value,
      unit,
      ratio,
    };
    return p99Ms === undefined ? row : { ...row, p99Ms };
  });
}

function summary(samples: readonly Sample[]): { value: number; unit: Row['unit']; p99Ms?: number } {
  const latencies = samples.flatMap((sample) => sample.latenciesMs ?? []);
  if (latencies.length > 0)
    return { value: quantile(latencies, 0.5), unit: 'ms p50', p99Ms: quantile(latencies, 0.99) };
  return {
    value: quantile(
      samples.map((sample) => sample.perSecond ?? 0),
      0.5,
    ),
    unit: 'per second',
  };
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Times `count` operations as a rate. */
export async function rate(count: number, work: () => Promise<void>): Promise<Sample> {
  const started = performance.now();
  await work();
  return { perSecond: (count / (performance.now() - started)) * 1000 };
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
  await Promise.all(Array.from({ length: width }, lane));
}
