import type { Cli } from '../cli.js';
import { confirmed } from '../confirm.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { chosenQueues } from '../queue-names.js';
import type { GivenTo } from '../usage.js';
import type { purgeUsage } from './purge.usage.js';

export async function run({ flags }: GivenTo<typeof purgeUsage>, cli: Cli): Promise<number> {
  const { output } = cli;
  return withApp(cli, {}, async ({ app }) => {
    const names = chosenQueues(app, flags).map(({ name }) => name);
    const listed = names.join(', ');
    const question = `This removes all messages that wait in ${counted(names.length, 'queue')} of ${app.broker.url}: ${listed}. Go on?`;
    if (!(await confirmed(question, flags.force, cli))) {
      output.note('Nothing was removed.');
      return EXIT.failed;
    }
    const removed = new Map<string, number>();
    for (const name of names) removed.set(name, await app.broker.purge(name));
    const total = [...removed.values()].reduce((sum, count) => sum + count, 0);
    output.answer({ purged: total, queues: Object.fromEntries(removed) }, () =>
      total === 0
        ? `No messages purged from ${counted(names.length, 'queue')}.`
        : `Purged ${counted(total, 'message')} from ${counted(names.length, 'known task queue')}.`,
    );
    return EXIT.ok;
  });
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
