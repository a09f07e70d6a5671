import type { ScheduleInfo } from '../../beat/schedule.client.js';
import type { Cli } from '../cli.js';
import { ago } from '../durations.js';
import { EXIT } from '../exit-code.js';
import { scheduleText } from '../schedule-text.js';
import { withSchedules } from '../schedules.js';
import type { Cell, Row } from '../table.js';
import type { GivenTo } from '../usage.js';
import type { scheduleListUsage } from './schedule.usage.js';

export async function run({ flags }: GivenTo<typeof scheduleListUsage>, cli: Cli): Promise<number> {
  return withSchedules(flags.schedule, cli, async (schedules) => {
    const entries = await schedules.list();
    const nowMs = cli.clock.now();
    cli.output.table(
      entries,
      [
        { title: 'NAME' },
        { title: 'TASK' },
        { title: 'SCHEDULE' },
        { title: 'NEXT', shrinks: false },
        { title: 'LAST', shrinks: false },
        { title: 'RUNS', align: 'right' },
        { title: 'STATE', shrinks: false },
      ],
      entries.map((entry) => rowOf(entry, nowMs, cli.output.forPeople)),
    );
    for (const { name, problem } of entries) {
      if (problem !== undefined) cli.output.warn(`${name} never runs: ${problem}`);
    }
    return EXIT.ok;
  });
}

function rowOf(entry: ScheduleInfo, nowMs: number, forPeople: boolean): Row {
  const { name, task, options, lastRunAt, nextRunAt, totalRunCount } = entry;
  const next =
    nextRunAt === undefined
      ? '–'
      : forPeople
        ? `in ${ago(nextRunAt.getTime() - nowMs)}`
        : nextRunAt.toISOString();
  const last =
    lastRunAt === undefined
      ? '–'
      : forPeople
        ? `${ago(nowMs - lastRunAt.getTime())} ago`
        : lastRunAt.toISOString();
  return [name, task, scheduleText(options.schedule), next, last, String(totalRunCount), stateOf(entry)];
}

function stateOf({ enabled, paused, problem }: ScheduleInfo): Cell {
  if (problem !== undefined) return { text: 'broken', style: 'red' };
  if (paused) return { text: 'all paused', style: 'yellow' };
  return enabled ? { text: 'on', style: 'green' } : { text: 'off', style: 'yellow' };
}
