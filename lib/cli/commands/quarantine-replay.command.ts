import { readRate } from '../../task/limit.options.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { openProgress } from '../progress.js';
import { matching, openReader, quarantines } from '../quarantined.js';
import { tellOutcomes } from '../quarantine-outcome.js';
import type { GivenTo } from '../usage.js';
import type { quarantineReplayUsage } from './quarantine.usage.js';

export async function run(
  { flags, args: { ids } }: GivenTo<typeof quarantineReplayUsage>,
  cli: Cli,
): Promise<number> {
  const intervalMs = readRate(flags.rate, '--rate')?.intervalMs ?? 0;
  return withApp(cli, {}, async ({ app }) => {
    const reader = openReader(app, cli);
    const outcomes = [];
    let left = flags.limit ?? Infinity;
    for (const queue of await quarantines(app, flags, cli)) {
      using progress = openProgress(queue, cli);
      const outcome = await reader.replay(queue, {
        filter: matching(flags, ids),
        intervalMs,
        ...(left === Infinity ? {} : { limit: left }),
        signal: cli.interrupted,
        onProgress: (done, of) => progress.at(done, of),
      });
      outcomes.push(outcome);
      left -= outcome.done.length;
      if (left <= 0 || cli.interrupted.aborted) break;
    }
    return tellOutcomes('Replayed', outcomes, cli);
  });
}
