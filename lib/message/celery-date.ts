const DATE = String.raw`(\d{4})(?:-?(\d{2})-?(\d{2})|-(\d{2})|-?W(\d{2})(?:-?(\d))?|-?(\d{3}))?`;
const TIME = String.raw`(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,40}))?)?)?`;
const ISO = new RegExp(`^${DATE}(?:[T ]${TIME}(Z|[+-]\\d{2}(?::?\\d{2})?)?)?$`, 'i');
const DAY_MS = 86_400_000;

/**
 * The one form that every Celery reads alike: six fraction digits and `+00:00`.
 * @throws RangeError outside the years 1 to 9999, which Python has no dates for
 */
export function formatCeleryDate(epochMs: number): string {
  const text = new Date(epochMs).toISOString();
  if (text.length !== 24 || text.startsWith('0000'))
    throw new RangeError(`${text} is outside the years 1 to 9999`);
  return `${text.slice(0, -1)}000+00:00`;
}

/**
 * Epoch ms of an ISO 8601 text as Celery ≥ 5.3.5 reads it, rounded down; undefined when it is none. Without an offset
 * it is UTC, or `naive: 'local'`: this machine's time.
 */
export function parseCeleryDate(text: string, naive: 'utc' | 'local' = 'utc'): number | undefined {
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, onlyMonth, week, weekday, dayOfYear, hour, minute, second, fraction, offset] =
    found;
  const midnight =
    week !== undefined
      ? dayOfWeek(Number(year), Number(week), Number(weekday ?? 1))
      : dayOfYear !== undefined
        ? dayInYear(Number(year), Number(dayOfYear))
        : dayInMonth(Number(year), Number(month ?? onlyMonth ?? 1), Number(day ?? 1));
  const time = timeMs(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0), fraction ?? '');
  if (midnight === undefined || time === undefined) return undefined;
  if (offset === undefined && naive === 'local') return asLocal(midnight + time);
  const shift = offset === undefined ? 0 : offsetMs(offset);
  return shift === undefined ? undefined : midnight + time - shift;
}

function dayInMonth(year: number, month: number, day: number): number | undefined {
  const start = startOf(year, month - 1, day);
  const date = new Date(start);
  return year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? start : undefined;
}

function dayInYear(year: number, day: number): number | undefined {
  const start = startOf(year, 0, day);
  return year >= 1 && day >= 1 && new Date(start).getUTCFullYear() === year ? start : undefined;
}

/** ISO weeks begin on Mondays; the first one holds 4 January. */
function dayOfWeek(year: number, week: number, weekday: number): number | undefined {
  if (year < 1 || week < 1 || week > 53 || weekday < 1 || weekday > 7) return undefined;
  const fourth = startOf(year, 0, 4);
  const firstMonday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS;
  return firstMonday + ((week - 1) * 7 + weekday - 1) * DAY_MS;
}

/** `Date.UTC` takes the years below 100 for those of the last century. */
function startOf(year: number, monthIndex: number, day: number): number {
  return year >= 100 ? Date.UTC(year, monthIndex, day) : new Date(0).setUTCFullYear(year, monthIndex, day);
}

function timeMs(hour: number, minute: number, second: number, fraction: string): number | undefined {
  const fractionMs = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const ms = ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs;
  // 24:00 is the midnight that ends the day.
  return (hour < 24 && minute < 60 && second < 60) || (hour === 24 && ms === DAY_MS) ? ms : undefined;
}

function offsetMs(offset: string): number | undefined {
  if (offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function asLocal(ms: number): number {
  const utc = new Date(ms);
  return new Date(
    utc.getUTCFullYear(),
    utc.getUTCMonth(),
    utc.getUTCDate(),
    utc.getUTCHours(),
    utc.getUTCMinutes(),
    utc.getUTCSeconds(),
    utc.getUTCMilliseconds(),
  ).getTime();
}
