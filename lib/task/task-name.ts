import { InvalidOptionError } from '../errors.js';
import { describe } from '../runtime/options.js';

const LONGEST = 255;

/**
 * A task's registered name: 1 to 255 characters, without spaces and control characters. Python's names all are.
 * @throws InvalidOptionError
 */
export function taskName(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length <= LONGEST && /^[^\s\p{Cc}\p{Cf}]+$/u.test(value))
    return value;
  throw new InvalidOptionError(
    path,
    `expected a task name of 1 to ${LONGEST} characters without spaces, got ${describe(value)}`,
  );
}
