import { InvalidOptionError } from '../errors.js';
import type { Duration } from '../runtime/duration.js';
import { describe, duration, text, type Field } from '../runtime/options.js';
import type { EntryOptions } from './entry.options.js';
import { TimeZone } from './time-zone.js';

/** Periodic tasks. Celery's names in camelCase. */
export interface BeatOptions {
  /** Periodic tasks by name. Default none (`beat_schedule`). */
  beatSchedule?: Readonly<Record<string, EntryOptions>>;
  /** IANA time zone that schedules are read in unless they name their own. Default `UTC` (`timezone`). */
  timezone?: string;
  /**
   * Where entries, and how far they have come, are kept: `redis://…` (shared by any number of beats), `file:./path` (the
   * processes of one machine), `memory://`. Default: the broker's Redis, else the backend's, `memory://` for the embedded
   * broker, else the file `celerybeat-schedule.jsonl` (`beat_schedule_filename`).
   */
  beatStore?: string;
  /**
   * Beats of one name and one store share their entries and take turns. Give each application that shares a store its own.
   * Default: the name of the app.
   */
  beatName?: string;
  /** Longest sleep between two looks at the clock and the schedules. Default 5 s (`beat_max_loop_interval`). */
  beatMaxLoopInterval?: Duration;
  /** How long a beat leads without a sign of life; then another one does. Default 10 s, at least 0.5 s. */
  beatLease?: Duration;
  /** Calendar ticks that could not be sent within this time are given up. Default never (`beat_cron_starting_deadline`). */
  beatCronStartingDeadline?: Duration;
}

/** Everything decided. */
export interface BeatConfig {
  /** Read where a beat starts, so that a bad entry harms no other. */
  readonly beatSchedule: Readonly<Record<string, EntryOptions>>;
  readonly timezone: string;
  readonly beatStore: string | undefined;
  readonly beatName: string | undefined;
  /** ms, as those below. */
  readonly beatMaxLoopInterval: number;
  readonly beatLease: number;
  readonly beatCronStartingDeadline: number | undefined;
}

const atLeast =
  (byDefaultMs: number, leastMs: number): Field<number> =>
  (value, path) => {
    const found = duration(byDefaultMs)(value, path);
    if (found >= leastMs && Number.isFinite(found)) return found;
    throw new InvalidOptionError(path, `expected ${leastMs} ms or more, got ${describe(value)}`);
  };

const schedules: Field<BeatConfig['beatSchedule']> = (value, path) => {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as BeatConfig['beatSchedule'];
  throw new InvalidOptionError(path, `expected entries by name, got ${describe(value)}`);
};

const beatName: Field<string | undefined> = (value, path) => {
  const name = text(undefined)(value, path);
  if (name === undefined || /^[\w.:@-]{1,100}$/.test(name)) return name;
  throw new InvalidOptionError(
    path,
    `expected letters, digits and . : @ _ - (it becomes part of keys and file names), got ${describe(value)}`,
  );
};

export const beatFields: { readonly [K in keyof BeatConfig]-?: Field<BeatConfig[K]> } = {
  beatSchedule: schedules,
  timezone: (value, path) => TimeZone.of(value ?? 'UTC', path).name,
  beatStore: text(undefined),
  beatName,
  beatMaxLoopInterval: atLeast(5_000, 100),
  beatLease: atLeast(10_000, 500),
  beatCronStartingDeadline: duration(undefined),
};
