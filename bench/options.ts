import { Command, InvalidArgumentError } from 'commander';

export interface BenchOptions {
  readonly rounds: number;
  /** Seconds. */
  readonly patience: number;
  readonly size: number;
  /** Parts of names of workloads. Undefined: all. */
  readonly only?: readonly string[];
  readonly list: boolean;
  readonly out?: string;
}

/** @throws never: commander says what is wrong, and ends the process with code 1 */
export function readBenchOptions(argv: readonly string[]): BenchOptions {
  return new Command('bench')
    .description('nestjs-celery beside its peers, on private servers, in turns')
    .option('--only <names...>', 'workloads whose names contain one of these, whatever the case')
    .option('--rounds <number>', 'times each contender is measured', whole('rounds', 1, 1_000), 5)
    .option(
      '--patience <seconds>',
      'a contender whose rounds took longer altogether takes no more of them',
      whole('seconds', 1, 100_000),
      30,
    )
    .option(
      '--size <number>',
      'tasks of one round of a fast contender',
      whole('tasks', 100, 1_000_000),
      10_000,
    )
    .option('--out <folder>', 'writes bench.json, bench.md and bench.svg there')
    .option('--list', 'names the workloads, and measures nothing', false)
    .allowExcessArguments(false)
    .parse([...argv], { from: 'user' })
    .opts<BenchOptions>();
}

function whole(what: string, least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number of ${what} from ${least} to ${most}.`);
  };
}
