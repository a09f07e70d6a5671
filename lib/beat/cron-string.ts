import { CronPattern } from 'croner';
import { InvalidOptionError } from '../errors.js';
import { describe } from '../runtime/options.js';
import { maskOf, type CalendarPattern } from './calendar.js';

/**
 * A cron string of five fields, or six with seconds in front, or `@daily` and its like.
 * @throws InvalidOptionError
 */
export function readCronString(expression: string, path: string): CalendarPattern {
  const read = parse(expression, path);
  const fields = read.pattern.split(/\s+/);
  const hour = fields[fields.length - 4] ?? '';
  return Object.freeze({
    seconds: positions(read.second),
    minutes: positions(read.minute),
    hours: positions(read.hour),
    wildcardHour: hour.includes('*'),
    date: Object.freeze({
      months: maskOf(positions(read.month).map((month) => month + 1)),
      days: maskOf(positions(read.day).map((day) => day + 1)),
      lastDay: read.lastDayOfMonth,
      lastWorkday: read.lastWeekday,
      nearestWorkdays: maskOf(positions(read.nearestWeekdays).map((day) => day + 1)),
      weekdays: Object.freeze([...read.dayOfWeek]),
      // Unix: a day field that is `*` says nothing; two that say something are alternatives.
      join: read.starDOM || read.starDOW || read.useAndLogic ? 'and' : 'or',
    }),
  });
}

function parse(expression: string, path: string): CronPattern {
  try {
    return new CronPattern(expression.trim(), undefined, { mode: '5-or-6-parts' });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    throw new InvalidOptionError(
      path,
      `${describe(expression)} is not a cron string: ${reason} Write minute, hour, day of month, month, day of week: '0 3 * * mon-fri'.`,
    );
  }
}

function positions(flags: readonly number[]): readonly number[] {
  return Object.freeze(flags.flatMap((flag, index) => (flag ? [index] : [])));
}
