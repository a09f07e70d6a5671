import { InvalidOptionError } from '../errors.js';
import { describe } from '../runtime/options.js';
import type { CrontabExpression } from './schedule.js';

/** The numbers a field takes, both included. */
export interface FieldRange {
  readonly min: number;
  readonly max: number;
}

export interface FieldValues {
  /** Ascending, each once. */
  readonly values: readonly number[];
  /** A `*` stands in it, with or without a step. */
  readonly wildcard: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * One field in Celery's grammar: `part (',' part)*` with `part = ('*' | N | N-N) ['/' step]`, a step only after `*` or a
 * range, ranges that wrap, and names of months and weekdays by their first three letters, months first, in any field.
 * @throws InvalidOptionError
 */
export function readCrontabField(given: CrontabExpression, range: FieldRange, path: string): FieldValues {
  const problem = (reason: string): InvalidOptionError =>
    new InvalidOptionError(path, `${describe(given)}: ${reason}`);
  const inRange = (value: number): number => {
    if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
    throw problem(`${value} is not between ${range.min} and ${range.max}`);
  };
  if (typeof given === 'number') return { values: [inRange(given)], wildcard: false };
  if (typeof given !== 'string') {
    if (!Array.isArray(given) || given.length === 0)
      throw problem("expected a number, a list of numbers or text such as '*/15', '8-17' or 'mon-fri'");
    return { values: ascending(given.map((value: unknown) => inRange(Number(value)))), wildcard: false };
  }
  const numberOf = (text: string): number =>
    inRange(/^\d+$/.test(text) ? Number(text) : named(text, problem));
  const parts = given.split(',').map((part) => {
    const [, star, from = '', to, step] =
      /^(?:(\*)|([^\s*/-]+)(?:-([^\s*/-]+))?)(?:\/(\d+))?$/.exec(part.trim()) ?? [];
    if (star === undefined && from === '') {
      throw problem(
        `${JSON.stringify(part.trim())} is not one of *, N, N-N, */step or N-N/step, where N is a number or a name`,
      );
    }
    if (step !== undefined && star === undefined && to === undefined)
      throw problem(`a step needs a range or a star: write ${from}-${range.max}/${step}`);
    if (step !== undefined && Number(step) === 0) throw problem('a step of 0 never moves');
    const first = star === undefined ? numberOf(from) : range.min;
    const last = star === undefined ? (to === undefined ? first : numberOf(to)) : range.max;
    return { wildcard: star !== undefined, values: walk(first, last, Number(step ?? 1), range) };
  });
  return {
    values: ascending(parts.flatMap(({ values }) => values)),
    wildcard: parts.some(({ wildcard }) => wildcard),
  };
}

function named(text: string, problem: (reason: string) => InvalidOptionError): number {
  const short = text.slice(0, 3).toLowerCase();
  const month = MONTHS.indexOf(short);
  if (month !== -1) return month + 1;
  const weekday = WEEKDAYS.indexOf(short);
  if (weekday !== -1) return weekday;
  throw problem(`${JSON.stringify(text)} is neither a number nor the name of a month or weekday`);
}

/** From first to last, over the end of the field where last is the smaller one. */
function walk(first: number, last: number, step: number, { min, max }: FieldRange): number[] {
  const size = max - min + 1;
  const length = ((last - first + size) % size) + 1;
  const found: number[] = [];
  for (let offset = 0; offset < length; offset += step) found.push(((first - min + offset) % size) + min);
  return found;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b);
}
