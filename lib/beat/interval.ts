import type { TimeZone } from './time-zone.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Elapsed time from the instant before: no clock change moves it, and no late run shifts what follows. */
export function elapsedTimetable(everyMs: number) {
  return Object.freeze({
    next: (afterMs: number) => afterMs + everyMs,
    latest: (afterMs: number, untilMs: number) => {
      const passed = Math.floor((untilMs - afterMs) / everyMs);
      return passed > 0 ? afterMs + passed * everyMs : undefined;
    },
  });
}

/**
 * Celery's `relative`: the interval, cut to the start of its largest whole unit (second, minute, hour, day) on the
 * zone's clocks. Every two hours runs at whole hours, every 90 minutes too, every day at midnight.
 */
export function relativeTimetable(everyMs: number, zone: TimeZone) {
  const unit = [DAY_MS, HOUR_MS, MINUTE_MS].find((each) => everyMs >= each) ?? 1_000;
  const next = (afterMs: number): number => {
    const end = afterMs + everyMs;
    const offset = zone.offsetAt(end);
    const local = Math.floor((end + offset) / unit) * unit;
    const cut = local - zone.offsetAt(local - offset);
    // Where clocks were set back, the cut could stand still or go back.
    return cut > afterMs ? cut : end;
  };
  return Object.freeze({
    next,
    latest: (afterMs: number, untilMs: number) => {
      let found: number | undefined;
      for (let at = next(afterMs); at <= untilMs; at = next(at)) found = at;
      return found;
    },
  });
}

interface Steps {
  next(afterMs: number): number | undefined;
  latest(afterMs: number, untilMs: number): number | undefined;
}

/** The same instants between a start and an end, both included. An interval is counted from its start: that is its first. */
export function bounded(
  timetable: Steps,
  {
    startMs = Number.NEGATIVE_INFINITY,
    endMs = Number.POSITIVE_INFINITY,
    fromStart,
  }: {
    readonly startMs: number | undefined;
    readonly endMs: number | undefined;
    readonly fromStart: boolean;
  },
): Steps {
  const atStart = (): number | undefined => (fromStart ? startMs : timetable.next(startMs - 1));
  const within = (atMs: number | undefined): number | undefined =>
    atMs !== undefined && atMs <= endMs ? atMs : undefined;
  return Object.freeze({
    next: (afterMs: number) => within(afterMs < startMs ? atStart() : timetable.next(afterMs)),
    latest: (afterMs: number, untilMs: number) => {
      const lastMs = Math.min(untilMs, endMs);
      if (afterMs >= startMs) return timetable.latest(afterMs, lastMs);
      const first = atStart();
      if (first === undefined || first > lastMs) return undefined;
      return timetable.latest(first, lastMs) ?? first;
    },
  });
}
