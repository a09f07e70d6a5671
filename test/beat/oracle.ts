/**
 * When a calendar schedule runs, found the slow way: every minute of a stretch of time is looked at, and Intl is asked
 * what clocks show then. Shares nothing with lib/beat.
 */
export interface OraclePattern {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** Sunday is 0. */
  readonly weekdays: ReadonlySet<number>;
  /** The hours are written with a `*`. */
  readonly wildcardHour: boolean;
  /** Unix cron with both day fields restricted: one of them is enough. */
  readonly eitherDay: boolean;
}

/** What a clock shows. */
interface Shown {
  /** As text in which order is order of time: `2026-03-08 02:30`. */
  readonly text: string;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly weekday: number;
}

const MINUTE_MS = 60_000;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The clocks of a zone through a stretch of time, minute by minute. */
export class Clocks {
  readonly #format: Intl.DateTimeFormat;
  readonly #minutes: Shown[] = [];
  /** Undefined: its clocks are not at a whole minute when UTC is, so that minutes are too coarse to look at. */
  static over(zone: string, fromMs: number, untilMs: number): Clocks | undefined {
    const clocks = new Clocks(zone, fromMs);
    for (let at = fromMs; at < untilMs; at += MINUTE_MS) {
      const shown = clocks.#look(at);
      if (shown === undefined) return undefined;
      clocks.#minutes.push(shown);
    }
    return clocks;
  }

  private constructor(
    zone: string,
    readonly fromMs: number,
  ) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  /** Every instant of the stretch at which the pattern runs, but not of its first two days, whose past is unknown. */
  runs(pattern: OraclePattern): number[] {
    const found: number[] = [];
    const seen = new Set<string>();
    let before: Shown | undefined;
    for (const [index, shown] of this.#minutes.entries()) {
      const skipped = before === undefined ? [] : between(before, shown);
      const repeated = seen.has(shown.text);
      seen.add(shown.text);
      const now = matches(pattern, shown) && (pattern.wildcardHour || !repeated);
      if ((now || skipped.some((each) => matches(pattern, each))) && index >= 2 * 1440) {
        found.push(this.fromMs + index * MINUTE_MS);
      }
      before = shown;
    }
    return found;
  }

  #look(atMs: number): Shown | undefined {
    // `Sun, 03/08/2026, 02:30:00`
    const text = this.#format.format(atMs);
    if (text.slice(-2) !== '00') return undefined;
    const [, weekday = '', month, day, year, hour, minute] =
      /^(\w+), (\d+)\/(\d+)\/(\d+), (\d+):(\d+)/.exec(text) ?? [];
    return {
      text: `${year}-${month}-${day} ${hour}:${minute}`,
      month: Number(month),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      weekday: WEEKDAYS.indexOf(weekday),
    };
  }
}

function matches(pattern: OraclePattern, shown: Shown): boolean {
  if (!pattern.minutes.has(shown.minute) || !pattern.hours.has(shown.hour)) return false;
  if (!pattern.months.has(shown.month)) return false;
  const day = pattern.daysOfMonth.has(shown.day);
  const weekday = pattern.weekdays.has(shown.weekday);
  return pattern.eitherDay ? day || weekday : day && weekday;
}

/** The minutes that no clock showed between two that followed each other. */
function between(before: Shown, after: Shown): Shown[] {
  const asked = (shown: Shown): number => Date.parse(`${shown.text.replace(' ', 'T')}:00Z`);
  const follows = after.hour === before.hour && after.minute === before.minute + 1;
  // Almost always the next minute follows.
  if (follows || asked(after) - asked(before) <= MINUTE_MS) return [];
  const skipped: Shown[] = [];
  for (let at = asked(before) + MINUTE_MS; at < asked(after); at += MINUTE_MS) {
    const date = new Date(at);
    skipped.push({
      text: date.toISOString().slice(0, 16).replace('T', ' '),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      weekday: date.getUTCDay(),
    });
  }
  return skipped;
}

/** The instants around which the clocks of a zone change between two years, to the day: Intl is asked day by day. */
export function changesOf(zone: string, fromYear: number, toYear: number): number[] {
  const hourOf = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const found: number[] = [];
  let before = hourOf.format(Date.UTC(fromYear, 0, 1));
  for (let at = Date.UTC(fromYear, 0, 1); at < Date.UTC(toYear, 0, 1); at += 86_400_000) {
    const shown = hourOf.format(at);
    if (shown !== before) found.push(at);
    before = shown;
  }
  return found;
}
