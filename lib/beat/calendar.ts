/** Local times are written as the ms since the epoch at which UTC shows the same date and time. */
export type LocalMs = number;

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** Which weekdays of a month: bit n-1 is the nth, bit 5 the last. */
export const EVERY_WEEKDAY = 0b111111;
const LAST_WEEKDAY = 0b100000;

/** Which dates a calendar schedule takes. Bit n of a mask stands for the number n. */
export interface DateRule {
  readonly months: number;
  readonly days: number;
  readonly lastDay: boolean;
  /** The last Monday to Friday of the month. */
  readonly lastWorkday: boolean;
  /** The Monday to Friday of the month nearest to each of these days. */
  readonly nearestWorkdays: number;
  /** Of each weekday, from Sunday, which in the month. */
  readonly weekdays: readonly number[];
  /** Whether a date must satisfy day of month and weekday, or one of them. */
  readonly join: 'and' | 'or';
}

/** What a calendar schedule says, without its time zone. */
export interface CalendarPattern {
  /** Ascending, not empty, as the two below. */
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** The hour field has a `*`: a repeated local time runs each time. */
  readonly wildcardHour: boolean;
  readonly date: DateRule;
}

/** Every combination of weekday and date comes again within these years (2100 is no leap year). */
const SEARCH_DAYS = 41 * 366;

/** The first local time of the pattern at or after `from` and before `until`; undefined: there is none. */
export function nextLocal(
  pattern: CalendarPattern,
  from: LocalMs,
  until: LocalMs = Number.POSITIVE_INFINITY,
): LocalMs | undefined {
  const start = Math.ceil(from / SECOND_MS) * SECOND_MS;
  let day = Math.floor(start / DAY_MS);
  const lastDay = Math.min(day + SEARCH_DAYS, Math.ceil(until / DAY_MS));
  let earliest = (start - day * DAY_MS) / SECOND_MS;
  while (day <= lastDay) {
    const skip = daysToMatch(pattern.date, day);
    if (skip > 0) {
      day += skip;
      earliest = 0;
      continue;
    }
    const second = nextSecondOfDay(pattern, earliest);
    if (second !== undefined) {
      const found = day * DAY_MS + second * SECOND_MS;
      return found < until ? found : undefined;
    }
    day += 1;
    earliest = 0;
  }
  return undefined;
}

/** 0: the date matches. Else a number of days in which none does. */
function daysToMatch(rule: DateRule, day: number): number {
  const date = new Date(day * DAY_MS);
  const month = date.getUTCMonth();
  const dayOfMonth = date.getUTCDate();
  const length = daysIn(date.getUTCFullYear(), month);
  if (!has(rule.months, month + 1)) return length - dayOfMonth + 1;
  return dateMatches(rule, dayOfMonth, weekdayOf(day), length) ? 0 : 1;
}

function dateMatches(rule: DateRule, day: number, weekday: number, length: number): boolean {
  const nth = 1 << Math.floor((day - 1) / 7);
  const last = day + 7 > length ? LAST_WEEKDAY : 0;
  const byWeekday = ((rule.weekdays[weekday] ?? 0) & (nth | last)) !== 0;
  const byDay =
    has(rule.days, day) ||
    (rule.lastDay && day === length) ||
    (rule.lastWorkday && isWorkday(weekday) && isLastWorkday(day, weekday, length)) ||
    (rule.nearestWorkdays !== 0 && isNearest(rule.nearestWorkdays, day, weekday, length));
  return rule.join === 'and' ? byDay && byWeekday : byDay || byWeekday;
}

function isLastWorkday(day: number, weekday: number, length: number): boolean {
  return day === length || (weekday === 5 && day >= length - 2);
}

/** A Saturday's workday is the Friday before, a Sunday's the Monday after, unless that is another month. */
function isNearest(wanted: number, day: number, weekday: number, length: number): boolean {
  if (!isWorkday(weekday)) return false;
  if (has(wanted, day)) return true;
  if (weekday === 5 && has(wanted, day + 1) && day + 1 <= length) return true;
  if (weekday === 5 && day + 2 === length && has(wanted, length)) return true;
  if (weekday === 1 && day > 1 && has(wanted, day - 1)) return true;
  return weekday === 1 && day === 3 && has(wanted, 1);
}

function nextSecondOfDay({ hours, minutes, seconds }: CalendarPattern, earliest: number): number | undefined {
  const [firstMinute = 0] = minutes;
  const [firstSecond = 0] = seconds;
  for (const hour of hours) {
    if (hour * 3600 + 3599 < earliest) continue;
    if (hour * 3600 >= earliest) return hour * 3600 + firstMinute * 60 + firstSecond;
    for (const minute of minutes) {
      const at = hour * 3600 + minute * 60;
      if (at + 59 < earliest) continue;
      if (at >= earliest) return at + firstSecond;
      const second = seconds.find((each) => at + each >= earliest);
      if (second !== undefined) return at + second;
    }
  }
  return undefined;
}

function has(mask: number, bit: number): boolean {
  return ((mask >>> bit) & 1) === 1;
}

function isWorkday(weekday: number): boolean {
  return weekday >= 1 && weekday <= 5;
}

/** Of a day since the epoch, a Thursday; 0 is Sunday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 1 && leap ? 29 : (LENGTHS[month] ?? 31);
}

/** Bit 31 of a mask is the sign of a JavaScript number; reading by `>>>` does not mind. */
export function maskOf(values: readonly number[]): number {
  let mask = 0;
  for (const value of values) mask |= 1 << value;
  return mask;
}
