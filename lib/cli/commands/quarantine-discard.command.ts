import type { Cli } from '../cli.js';
import { confirmed } from '../confirm.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { matching, openReader, quarantines } from '../quarantined.js';
import { tellOutcomes } from '../quarantine-outcome.js';
import type { GivenTo } from '../usage.js';
import type { quarantineDiscardUsage } from './quarantine.usage.js';

export async function run(
  { flags, args: { ids } }: GivenTo<typeof quarantineDiscardUsage>,
  cli: Cli,
): Promise<number> {
  return withApp(cli, {}, async ({ app }) => {
    const queues = await quarantines(app, flags, cli);
    const all = ids.length === 0 && flags.task === undefined && flags.reason === undefined;
    const what = all ? 'ALL messages' : 'the messages that match';
    const question = `This removes ${what} in ${queues.join(', ') || 'no queue'} of ${app.broker.url} for good. Go on?`;
    if (queues.length > 0 && !(await confirmed(question, flags.force, cli))) return EXIT.failed;
    const reader = openReader(app, cli);
    const outcomes = [];
    let left = flags.limit ?? Infinity;
    for (const queue of queues) {
      const limit = left === Infinity ? {} : { limit: left };
      const outcome = await reader.discard(queue, {
        filter: matching(flags, ids),
        ...limit,
        signal: cli.interrupted,
      });
      outcomes.push(outcome);
      left -= outcome.done.length;
      if (left <= 0 || cli.interrupted.aborted) break;
    }
    return tellOutcomes('Discarded', outcomes, cli);
  });
}
