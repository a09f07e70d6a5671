import ms from 'ms';
import { InvalidOptionError } from '../errors.js';

/** A length of time as users write it: a number is seconds, as in Celery; a string carries its unit: `'250ms'`, `'10s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

/**
 * To milliseconds.
 * @param path names the option in the error
 * @throws InvalidOptionError for anything that is not a finite length of time
 */
export function durationMs(value: unknown, path: string): number {
  const found = typeof value === 'number' ? value * 1000 : parse(value);
  if (found !== undefined && Number.isFinite(found)) return found;
  throw new InvalidOptionError(
    path,
    `${display(value)} is not a duration. Write seconds (10) or a number with its unit ('250ms', '10s', '5m', '2h', '1d').`,
  );
}

function parse(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^-?\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(value)) return undefined;
  return ms(value as ms.StringValue);
}

function display(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
