import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { jsonOf } from '../output.js';
import { bodyText, openReader, quarantinedAsJson, quarantines } from '../quarantined.js';
import type { GivenTo } from '../usage.js';
import { printable } from '../../worker/printable.js';
import type { quarantineShowUsage } from './quarantine.usage.js';

const LONGEST_BODY = 100_000;

export async function run(
  { flags, args: { id } }: GivenTo<typeof quarantineShowUsage>,
  cli: Cli,
): Promise<number> {
  const { output } = cli;
  return withApp(cli, {}, async ({ app }) => {
    const reader = openReader(app, cli);
    for (const queue of await quarantines(app, flags, cli)) {
      const found = (await reader.list(queue)).find(({ taskId }) => taskId === id);
      if (found === undefined) continue;
      const { message, ...rest } = found;
      output.answer(quarantinedAsJson(found, true), () =>
        [
          ...Object.entries(rest).map(
            ([name, value]) => `${name.padEnd(8)} ${printable(value ?? '–', LONGEST_BODY)}`,
          ),
          '',
          `headers  ${jsonOf(message.headers)}`,
          `body     ${message.contentType}, ${message.body.length} bytes`,
          printable(bodyText(message.body), LONGEST_BODY),
        ].join('\n'),
      );
      return EXIT.ok;
    }
    output.error(`No message of task ${id} lies there. (nest-celery quarantine list)`);
    return EXIT.failed;
  });
}
