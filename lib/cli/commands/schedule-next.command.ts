import type { Cli } from '../cli.js';
import { ago } from '../durations.js';
import { EXIT } from '../exit-code.js';
import { withSchedules } from '../schedules.js';
import type { GivenTo } from '../usage.js';
import type { scheduleNextUsage } from './schedule.usage.js';

const COUNT = 5;

export async function run(
  { flags, args: { name } }: GivenTo<typeof scheduleNextUsage>,
  cli: Cli,
): Promise<number> {
  return withSchedules(flags.schedule, cli, async (schedules) => {
    const count = flags.count ?? COUNT;
    const names =
      name === undefined ? (await schedules.list()).filter(isSound).map((entry) => entry.name) : [name];
    const found = await Promise.all(
      names.map(async (each) => (await schedules.next(each, count)).map((at) => ({ name: each, at }))),
    );
    const runs = found
      .flat()
      .toSorted((a, b) => a.at.getTime() - b.at.getTime())
      .slice(0, count);
    const nowMs = cli.clock.now();
    cli.output.table(
      runs,
      [{ title: 'AT', shrinks: false }, { title: 'IN', align: 'right' }, { title: 'NAME' }],
      runs.map(({ name: each, at }) => [at.toISOString(), ago(at.getTime() - nowMs), each]),
    );
    return EXIT.ok;
  });
}

function isSound({
  problem,
  enabled,
}: {
  readonly problem: string | undefined;
  readonly enabled: boolean;
}): boolean {
  return problem === undefined && enabled;
}
