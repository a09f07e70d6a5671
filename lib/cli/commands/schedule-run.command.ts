import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { withSchedules } from '../schedules.js';
import type { GivenTo } from '../usage.js';
import type { scheduleRunUsage } from './schedule.usage.js';

export async function run(
  { flags, args: { name } }: GivenTo<typeof scheduleRunUsage>,
  cli: Cli,
): Promise<number> {
  return withSchedules(flags.schedule, cli, async (schedules, app) => {
    await app.broker.connect({ failFast: true });
    const { id } = await schedules.runNow(name);
    cli.output.answer({ name, id }, () => id);
    return EXIT.ok;
  });
}
