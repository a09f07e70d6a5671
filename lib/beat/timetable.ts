import { InvalidOptionError } from '../errors.js';
import { durationMs } from '../runtime/duration.js';
import { describe } from '../runtime/options.js';
import { unreachable } from '../runtime/unreachable.js';
import { maskOf, nextLocal, EVERY_WEEKDAY, type CalendarPattern } from './calendar.js';
import { readCronString } from './cron-string.js';
import { readCrontabField, type FieldRange } from './crontab.grammar.js';
import { elapsedTimetable, relativeTimetable } from './interval.js';
import { nextInZone } from './local-time.js';
import { CRONTAB_FIELDS, SOLAR_EVENTS, type CrontabField, type Schedule } from './schedule.js';
import { openSolar } from './solar.js';
import type { TimeZone } from './time-zone.js';

/** The instants of a schedule, ms since the epoch. Instants depend on nothing but the schedule and those before them. */
export interface Timetable {
  /** The first instant after this one; undefined: there is none. */
  next(afterMs: number): number | undefined;
  /** The last instant after `afterMs` and not after `untilMs`; undefined: there is none. Cheap however many lie between. */
  latest(afterMs: number, untilMs: number): number | undefined;
}

/** What an entry says beside its schedule that moves its instants. */
export interface TimetableOptions {
  readonly zone: TimeZone;
  /** Intervals end at round times of their unit, as Celery's `relative`. */
  readonly relative: boolean;
}

/** A shorter interval would be a busy loop. */
const SHORTEST_INTERVAL_MS = 10;

/**
 * @param path names the schedule in the error
 * @throws InvalidOptionError for a schedule that cannot be read, or that has no instant at all
 * @throws MissingPackageError for a solar schedule without its package
 */
export async function openTimetable(
  schedule: Schedule,
  { zone, relative }: TimetableOptions,
  path: string,
): Promise<Timetable> {
  switch (schedule.kind) {
    case 'interval': {
      const everyMs = Math.round(durationMs(schedule.every, path));
      if (everyMs < SHORTEST_INTERVAL_MS) {
        throw new InvalidOptionError(
          path,
          `an interval is ${SHORTEST_INTERVAL_MS} ms or longer, got ${describe(schedule.every)}`,
        );
      }
      return relative ? relativeTimetable(everyMs, zone) : elapsedTimetable(everyMs);
    }
    case 'crontab':
      return calendarTimetable(readCrontab(schedule, path), zone, path);
    case 'cron':
      return calendarTimetable(readCronString(schedule.expression, path), zone, path);
    case 'solar': {
      const { event, latitude, longitude } = schedule;
      if (!SOLAR_EVENTS.includes(event))
        throw new InvalidOptionError(
          path,
          `expected one of ${SOLAR_EVENTS.join(', ')}, got ${describe(event)}`,
        );
      if (!isBetween(latitude, -90, 90) || !isBetween(longitude, -180, 180)) {
        throw new InvalidOptionError(
          path,
          `expected a latitude of -90 to 90 and a longitude of -180 to 180 degrees, got ${describe(latitude)} and ${describe(longitude)}`,
        );
      }
      return searchable(await openSolar(event, latitude, longitude));
    }
    case 'clocked': {
      const atMs = /(Z|[+-]\d\d:?\d\d)$/.test(schedule.at) ? Date.parse(schedule.at) : Number.NaN;
      if (Number.isNaN(atMs)) {
        throw new InvalidOptionError(
          path,
          `expected an instant such as 2030-01-02T03:04:05Z, got ${describe(schedule.at)}`,
        );
      }
      return searchable((afterMs) => (atMs > afterMs ? atMs : undefined));
    }
    default:
      return unreachable(schedule);
  }
}

const RANGES: Readonly<Record<CrontabField, FieldRange>> = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  dayOfMonth: { min: 1, max: 31 },
  monthOfYear: { min: 1, max: 12 },
  dayOfWeek: { min: 0, max: 6 },
};

export function readCrontab(schedule: Schedule & { kind: 'crontab' }, path: string): CalendarPattern {
  const [minute, hour, dayOfMonth, monthOfYear, dayOfWeek] = CRONTAB_FIELDS.map((field) =>
    readCrontabField(schedule[field], RANGES[field], `${path}.${field}`),
  );
  const weekdays = new Set(dayOfWeek?.values);
  return Object.freeze({
    seconds: [0],
    minutes: minute?.values ?? [],
    hours: hour?.values ?? [],
    wildcardHour: hour?.wildcard ?? false,
    date: Object.freeze({
      months: maskOf(monthOfYear?.values ?? []),
      days: maskOf(dayOfMonth?.values ?? []),
      lastDay: false,
      lastWorkday: false,
      nearestWorkdays: 0,
      weekdays: [0, 1, 2, 3, 4, 5, 6].map((weekday) => (weekdays.has(weekday) ? EVERY_WEEKDAY : 0)),
      join: 'and',
    }),
  });
}

function calendarTimetable(pattern: CalendarPattern, zone: TimeZone, path: string): Timetable {
  if (nextLocal(pattern, 0) === undefined)
    throw new InvalidOptionError(path, 'no date of any year matches all of its fields');
  return searchable((afterMs) => nextInZone(pattern, zone, afterMs));
}

/** For instants that can be found from anywhere: the last one is where "is there one until then" turns from yes to no. */
function searchable(next: Timetable['next']): Timetable {
  return Object.freeze({
    next,
    latest: (afterMs: number, untilMs: number) => {
      const isThereOne = (fromMs: number): boolean => (next(fromMs) ?? Number.POSITIVE_INFINITY) <= untilMs;
      if (!isThereOne(afterMs)) return undefined;
      let yes = Math.floor(afterMs);
      let no = Math.ceil(untilMs);
      while (no - yes > 1) {
        const middle = Math.floor((yes + no) / 2);
        if (isThereOne(middle)) yes = middle;
        else no = middle;
      }
      return next(yes);
    },
  });
}

function isBetween(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}
