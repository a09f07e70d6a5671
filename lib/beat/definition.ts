import { EncodeError, InvalidOptionError } from '../errors.js';
import { jsonSerializer } from '../message/json.serializer.js';
import { entryPath, readSchedule, type EntryDefaults } from './entry.js';
import type { EntryOptions } from './entry.options.js';

/** An entry as a store keeps it. */
export interface Definition {
  /** What its user wrote, as JSON; dates, bytes and big integers keep their type. */
  readonly document: string;
  /** The part of it that decides when it runs. When this changes, ticks are counted from then on. */
  readonly timing: string;
  /** Runs at its instant even when that has passed already: a `clocked` schedule. */
  readonly once: boolean;
}

/** Entries are written by the app's own users; the limits only keep a damaged store from doing harm. */
const json = jsonSerializer({ typedValues: true, types: [], maxDepth: 100, maxElements: 1_000_000 });

/** @throws InvalidOptionError when an argument has no form in JSON */
export function writeDefinition(
  name: string,
  options: EntryOptions,
  { timezone }: Pick<EntryDefaults, 'timezone'>,
): Definition {
  const path = entryPath(name);
  const schedule = readSchedule(options.schedule, `${path}.schedule`);
  const { tz = timezone, relative = false, startAt } = options;
  const said = Object.entries({ ...options, schedule }).filter(([, value]) => value !== undefined);
  try {
    return Object.freeze({
      document: json.encode(Object.fromEntries(said)).toString(),
      timing: json.encode([schedule, tz, relative, startAt ?? null]).toString(),
      once: schedule.kind === 'clocked',
    });
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    throw new InvalidOptionError(error.what.replace('$', path), `cannot be kept: ${error.reason}`);
  }
}

/** @throws UndecodableMessageError for what is no JSON */
export function readDefinition(document: string): EntryOptions {
  return json.decode(Buffer.from(document)) as EntryOptions;
}
