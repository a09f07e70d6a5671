import type { AnySignature } from '../canvas/call.options.js';
import { readApplyOptions } from '../canvas/read-call-options.js';
import { makeSignature } from '../canvas/signature.js';
import { InvalidOptionError } from '../errors.js';
import { bool, describe, duration, list, oneOf, readOptions, text, type Field } from '../runtime/options.js';
import { taskName } from '../task/task-name.js';
import type { CatchUp, EntryOptions, Overlap } from './entry.options.js';
import { bounded } from './interval.js';
import type { Schedule } from './schedule.js';
import { TimeZone } from './time-zone.js';
import { openTimetable, type Timetable } from './timetable.js';

/** What entries get that say nothing else. */
export interface EntryDefaults {
  /** IANA name. */
  readonly timezone: string;
  /** Of calendar schedules; ms. */
  readonly cronStartingDeadlineMs: number | undefined;
}

/** An entry with everything decided. */
export interface Entry {
  readonly name: string;
  readonly schedule: Schedule;
  readonly timetable: Timetable;
  /** What is sent, without the id that each run gets. */
  readonly call: AnySignature;
  readonly jitterMs: number;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  readonly startingDeadlineMs: number | undefined;
  readonly enabled: boolean;
}

/** Longer than any failover between beats takes. */
const UNCAUGHT_DEADLINE_MS = 30_000;

interface Given {
  readonly task: string;
  readonly schedule: Schedule;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly queue: unknown;
  readonly expires: unknown;
  readonly priority: unknown;
  readonly headers: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  readonly tz: string | undefined;
  readonly relative: boolean;
  readonly jitter: number;
  readonly startAt: number | undefined;
  readonly endAt: number | undefined;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  readonly startingDeadline: number | undefined;
  readonly enabled: boolean;
}

/** Where an entry stands, for errors. */
export function entryPath(name: string): string {
  return `beatSchedule.${name}`;
}

/**
 * @throws InvalidOptionError that names the entry and the option
 * @throws MissingPackageError for a solar schedule without its package
 */
export async function openEntry(name: string, given: EntryOptions, defaults: EntryDefaults): Promise<Entry> {
  const path = entryPath(name);
  const read = readOptions<Given>(path, given, FIELDS);
  const { schedule, startAt, endAt, catchUp } = read;
  if (startAt !== undefined && endAt !== undefined && endAt < startAt)
    throw new InvalidOptionError(`${path}.endAt`, 'lies before startAt, so that it would never run.');
  const zone = TimeZone.of(read.tz ?? defaults.timezone, `${path}.tz`);
  const timetable = await openTimetable(schedule, { zone, relative: read.relative }, `${path}.schedule`);
  const isCalendar = schedule.kind === 'crontab' || schedule.kind === 'cron';
  return Object.freeze({
    name,
    schedule,
    timetable: bounded(timetable, {
      startMs: startAt,
      endMs: endAt,
      fromStart: schedule.kind === 'interval',
    }),
    call: callOf(read, path),
    jitterMs: read.jitter,
    overlap: read.overlap,
    catchUp,
    startingDeadlineMs:
      read.startingDeadline ??
      (catchUp === 'none' ? UNCAUGHT_DEADLINE_MS : isCalendar ? defaults.cronStartingDeadlineMs : undefined),
    enabled: read.enabled,
  });
}

function callOf(read: Given, path: string): AnySignature {
  const { task, args, kwargs, queue, expires, priority, headers } = read;
  for (const key of ['taskId', 'eta']) {
    if (read.options[key] !== undefined)
      throw new InvalidOptionError(`${path}.options.${key}`, 'every run has one of its own. Remove it.');
  }
  const own = Object.entries({ queue, expires, priority, headers }).filter(
    ([, value]) => value !== undefined,
  );
  const options = readApplyOptions({ ...read.options, ...Object.fromEntries(own) }, `${path}.options`);
  return makeSignature(taskName(task, `${path}.task`), { args, kwargs, options, immutable: false });
}

const required: Field<string> = (value, path) => {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidOptionError(path, `expected the name of a task, got ${describe(value)}`);
};

const KINDS: ReadonlySet<unknown> = new Set<Schedule['kind']>([
  'interval',
  'crontab',
  'cron',
  'solar',
  'clocked',
]);

/** A number, a duration or a cron string becomes the schedule that it means. */
export const readSchedule: Field<Schedule> = (value, path) => {
  if (typeof value === 'number') return { kind: 'interval', every: value };
  if (typeof value === 'string') {
    return /^-?\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(value)
      ? { kind: 'interval', every: value as `${number}s` }
      : { kind: 'cron', expression: value };
  }
  if (typeof value === 'object' && value !== null && KINDS.has(Reflect.get(value, 'kind')))
    return value as Schedule;
  throw new InvalidOptionError(
    path,
    `expected seconds, a duration ('30s'), a cron string ('0 3 * * *'), every(), crontab(), cron(), solar() or clocked(), got ${describe(value)}`,
  );
};

const given: Field<unknown> = (value) => value;

const record: Field<Readonly<Record<string, unknown>>> = (value, path) => {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new InvalidOptionError(path, `expected an object, got ${describe(value)}`);
};

const instant: Field<number | undefined> = (value, path) => {
  if (value === undefined) return undefined;
  const read =
    value instanceof Date
      ? value.getTime()
      : typeof value === 'string' && /(Z|[+-]\d\d:?\d\d)$/.test(value)
        ? Date.parse(value)
        : Number.NaN;
  if (!Number.isNaN(read)) return read;
  throw new InvalidOptionError(
    path,
    `expected a Date or ISO text with its offset, such as 2030-01-02T03:04:05Z, got ${value instanceof Date ? 'an invalid Date' : describe(value)}`,
  );
};

const FIELDS: { readonly [K in keyof Given]-?: Field<Given[K]> } = {
  task: required,
  schedule: readSchedule,
  args: list(given),
  kwargs: record,
  queue: given,
  expires: given,
  priority: given,
  headers: given,
  options: record,
  tz: text(undefined),
  relative: bool(false),
  jitter: duration(0),
  startAt: instant,
  endAt: instant,
  overlap: oneOf(['allow', 'skip'], 'allow'),
  catchUp: oneOf(['none', 'last', 'all'], 'last'),
  startingDeadline: duration(undefined),
  enabled: bool(true),
};
