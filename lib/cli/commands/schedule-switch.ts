import { InvalidOptionError } from '../../errors.js';
import { nearest } from '../../runtime/nearest.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { withSchedules } from '../schedules.js';
import type { GivenTo } from '../usage.js';
import type { schedulePauseUsage } from './schedule.usage.js';

export type SwitchGiven = GivenTo<typeof schedulePauseUsage>;

/** Switches an entry, or all of them. */
export async function switchSchedules(
  { flags, args: { name } }: SwitchGiven,
  on: boolean,
  cli: Cli,
): Promise<number> {
  return withSchedules(flags.schedule, cli, async (schedules) => {
    if (name === undefined) await (on ? schedules.resumeAll() : schedules.pauseAll());
    else if (!(await (on ? schedules.enable(name) : schedules.disable(name)))) {
      const names = (await schedules.list()).map((entry) => entry.name);
      const meant = nearest(name, names);
      const hint = names.includes(name)
        ? ' No beat has run with it yet, which would put it there.'
        : meant === undefined
          ? ''
          : ` Did you mean ${JSON.stringify(meant)}?`;
      throw new InvalidOptionError('[name]', `${JSON.stringify(name)} is not in the store.${hint}`);
    }
    cli.output.answer({ name: name ?? null, on }, () => `${name ?? 'All'} ${on ? 'resumed' : 'paused'}.`);
    return EXIT.ok;
  });
}
