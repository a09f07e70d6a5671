import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { matching, openReader, quarantinedAsJson, quarantines } from '../quarantined.js';
import type { GivenTo } from '../usage.js';
import type { quarantineListUsage } from './quarantine.usage.js';

export async function run({ flags }: GivenTo<typeof quarantineListUsage>, cli: Cli): Promise<number> {
  return withApp(cli, {}, async ({ app }) => {
    const reader = openReader(app, cli);
    const wanted = matching(flags, []);
    const found = [];
    for (const queue of await quarantines(app, flags, cli)) found.push(...(await reader.list(queue)));
    const messages = found.filter(wanted).slice(0, flags.limit ?? Infinity);
    cli.output.table(
      messages.map((message) => quarantinedAsJson(message, false)),
      [
        { title: 'SINCE', shrinks: false },
        { title: 'QUEUE' },
        { title: 'TASK' },
        { title: 'ID', shrinks: false },
        { title: 'REASON' },
      ],
      messages.map(({ since, from, queue, task, taskId, reason }) => [
        since ?? '–',
        from ?? queue,
        task ?? '–',
        taskId ?? '–',
        reason ?? '–',
      ]),
    );
    if (messages.length === 0 && cli.output.forPeople) cli.output.note('- empty -');
    return EXIT.ok;
  });
}
