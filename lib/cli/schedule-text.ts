import { CRONTAB_FIELDS } from '../beat/schedule.js';
import type { ScheduleInput } from '../beat/entry.options.js';
import { unreachable } from '../runtime/unreachable.js';

/** A schedule in a few words: `every 30s`, `crontab 0 3 * * *`. */
export function scheduleText(schedule: ScheduleInput): string {
  if (typeof schedule === 'number') return `every ${schedule}s`;
  if (typeof schedule === 'string') return schedule;
  switch (schedule.kind) {
    case 'interval':
      return `every ${typeof schedule.every === 'number' ? `${schedule.every}s` : schedule.every}`;
    case 'crontab':
      return `crontab ${CRONTAB_FIELDS.map((field) => String(schedule[field]).replaceAll(' ', '')).join(' ')}`;
    case 'cron':
      return `cron ${schedule.expression}`;
    case 'solar':
      return `${schedule.event} at ${schedule.latitude}, ${schedule.longitude}`;
    case 'clocked':
      return `once ${schedule.at}`;
    default:
      return unreachable(schedule);
  }
}
