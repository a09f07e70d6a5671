import type { Duration } from '../runtime/duration.js';

/** When a periodic task runs, as plain data: it travels to the store and back. Made by the functions below. */
export type Schedule =
  | { readonly kind: 'interval'; readonly every: Duration }
  | ({ readonly kind: 'crontab' } & Readonly<Record<CrontabField, CrontabExpression>>)
  | { readonly kind: 'cron'; readonly expression: string }
  | {
      readonly kind: 'solar';
      readonly event: SolarEvent;
      /** Degrees, north is positive. */
      readonly latitude: number;
      /** Degrees, east is positive. */
      readonly longitude: number;
    }
  /** Once. */
  | { readonly kind: 'clocked'; readonly at: string };

export const CRONTAB_FIELDS = ['minute', 'hour', 'dayOfMonth', 'monthOfYear', 'dayOfWeek'] as const;
export type CrontabField = (typeof CRONTAB_FIELDS)[number];

// A block comment would end at the star and slash of a step.
// A number, several, or text in Celery's grammar: '*', '*/15', '8-17/2', 'mon-fri', '1,15'.
export type CrontabExpression = number | string | readonly number[];

/** Celery's events of the sun. */
export const SOLAR_EVENTS = [
  'dawn_astronomical',
  'dawn_nautical',
  'dawn_civil',
  'sunrise',
  'solar_noon',
  'sunset',
  'dusk_civil',
  'dusk_nautical',
  'dusk_astronomical',
] as const;
export type SolarEvent = (typeof SOLAR_EVENTS)[number];

/** Elapsed time, first after one interval: `every('30s')`, `every(90)` (seconds). */
export function every(interval: Duration): Schedule {
  return Object.freeze({ kind: 'interval', every: interval });
}

// Where clocks change, calendar schedules follow one rule: a local time that is skipped runs at the first instant after, once
// for all that is skipped; a repeated one runs the first time if the hours are named, and each time if the hour field has a
// `*`. Intervals are elapsed time and do not mind.

/**
 * Celery's crontab: all five fields must match, each `'*'` unless given. `day_of_week` counts from Sunday = 0 and has no
 * 7. As text: minute, hour, day of month, month, day of week, as in `crontab.from_string`.
 */
export function crontab(fields: Partial<Record<CrontabField, CrontabExpression>> | string = {}): Schedule {
  const given = typeof fields === 'string' ? fromString(fields) : fields;
  return Object.freeze({
    kind: 'crontab',
    minute: given.minute ?? '*',
    hour: given.hour ?? '*',
    dayOfMonth: given.dayOfMonth ?? '*',
    monthOfYear: given.monthOfYear ?? '*',
    dayOfWeek: given.dayOfWeek ?? '*',
  });
}

/** What is missing is left empty, which no field may be: reading it names the entry. */
function fromString(text: string): Record<CrontabField, string> {
  const [minute = '', hour = '', dayOfMonth = '', monthOfYear = '', ...rest] = text.trim().split(/\s+/);
  return { minute, hour, dayOfMonth, monthOfYear, dayOfWeek: rest.join(' ') };
}

/**
 * A Unix cron string of five fields, or six with seconds in front: `'0 3 * * *'`, `'@daily'`. Unlike Celery's crontab it
 * runs when either day field matches if both are restricted, and knows `L`, `W`, `#` and 7 for Sunday.
 */
export function cron(expression: string): Schedule {
  return Object.freeze({ kind: 'cron', expression });
}

/** Celery's solar schedule: each day at this event of the sun over this place. Needs the package `astronomy-engine`. */
export function solar(event: SolarEvent, latitude: number, longitude: number): Schedule {
  return Object.freeze({ kind: 'solar', event, latitude, longitude });
}

/** Once, at this instant: a Date, or ISO text with its offset. */
export function clocked(at: Date | string): Schedule {
  return Object.freeze({ kind: 'clocked', at: typeof at === 'string' ? at : isoOf(at) });
}

function isoOf(at: Date): string {
  return Number.isNaN(at.getTime()) ? 'an invalid Date' : at.toISOString();
}
