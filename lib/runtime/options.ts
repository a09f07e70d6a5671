import { InvalidOptionError } from '../errors.js';
import { durationMs } from './duration.js';
import { nearest } from './nearest.js';

/** Reads one option: the value as given (possibly undefined) and its path → the value the code uses. */
export type Field<T> = (value: unknown, path: string) => T;

/**
 * Checks names and values once, at start-up, so that nothing below has to.
 * @throws InvalidOptionError with the path of the option: an unknown name (with "did you mean") or a bad value
 */
export function readOptions<T extends object>(
  section: string,
  given: unknown,
  fields: { readonly [K in keyof T]-?: Field<T[K]> },
): Readonly<T> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOptionError(section, `expected an object of options, got ${describe(given)}`);
  }
  const known = Object.keys(fields);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(fields, key)) continue;
    const meant = nearest(key, known);
    throw new InvalidOptionError(
      `${section}.${key}`,
      `unknown option.` + (meant === undefined ? ` Known: ${known.join(', ')}` : ` Did you mean ${meant}?`),
    );
  }
  const read = Object.entries<Field<unknown>>(fields).map(([key, field]) => [
    key,
    field(Reflect.get(given, key), `${section}.${key}`),
  ]);
  return Object.freeze(Object.fromEntries(read)) as Readonly<T>;
}

export const bool =
  <D extends boolean | undefined>(byDefault: D): Field<boolean | D> =>
  (value, path) => {
    if (value === undefined) return byDefault;
    if (typeof value === 'boolean') return value;
    throw new InvalidOptionError(path, `expected true or false, got ${describe(value)}`);
  };

export const text =
  <D extends string | undefined>(byDefault: D): Field<string | D> =>
  (value, path) => {
    if (value === undefined) return byDefault;
    if (typeof value === 'string' && value !== '') return value;
    throw new InvalidOptionError(path, `expected a non-empty string, got ${describe(value)}`);
  };

export const oneOf =
  <const W extends string, D extends W | undefined>(words: readonly W[], byDefault: D): Field<W | D> =>
  (value, path) => {
    if (value === undefined) return byDefault;
    const word = words.find((known) => known === value);
    if (word !== undefined) return word;
    throw new InvalidOptionError(path, `expected one of ${words.join(', ')}, got ${describe(value)}`);
  };

export const integer =
  <D extends number | undefined>(byDefault: D, min = 0, max = Number.MAX_SAFE_INTEGER): Field<number | D> =>
  (value, path) => {
    if (value === undefined) return byDefault;
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw new InvalidOptionError(path, `expected an integer, ${range}, got ${describe(value)}`);
  };

/** A length of time: seconds or a string with its unit in, milliseconds out. */
export const duration =
  <D extends number | undefined>(byDefaultMs: D): Field<number | D> =>
  (value, path) => {
    if (value === undefined) return byDefaultMs;
    const found = durationMs(value, path);
    if (found >= 0) return found;
    throw new InvalidOptionError(path, `expected a duration of 0 or more, got ${describe(value)}`);
  };

export const list =
  <T>(item: Field<T>, byDefault: readonly T[] = []): Field<readonly T[]> =>
  (value, path) => {
    if (value === undefined) return byDefault;
    if (!Array.isArray(value)) throw new InvalidOptionError(path, `expected a list, got ${describe(value)}`);
    return Object.freeze(value.map((each, index) => item(each, `${path}[${index}]`)));
  };

/** What was given, short enough for one line of an error. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object (${Object.keys(value).slice(0, 5).join(', ')})`;
  if (typeof value === 'function') return `a function ${value.name}`.trim();
  return String(value);
}
