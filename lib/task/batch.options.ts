import { InvalidOptionError } from '../errors.js';
import type { Duration } from '../runtime/duration.js';
import { describe, duration, integer, readOptions, type Field } from '../runtime/options.js';

/** How messages of a task are gathered for one call of its method. */
export interface BatchOptions {
  /** The method is called as soon as so many are there: 1 to 10,000. The worker must take as many ahead. */
  size: number;
  /** The longest that the first of them waits for others, up to 10 minutes: then the method is called with what is there. */
  wait: Duration;
}

export interface BatchConfig {
  readonly size: number;
  readonly waitMs: number;
}

/** `batch` of a task. */
export const batchField: Field<BatchConfig | undefined> = (value, path) => {
  if (value === undefined) return undefined;
  const { size, wait } = readOptions<{ readonly size: number; readonly wait: number }>(path, value, {
    size: sizeField,
    wait: waitField,
  });
  return Object.freeze({ size, waitMs: wait });
};

const sizeField: Field<number> = (value, path) => {
  if (value === undefined) throw new InvalidOptionError(path, 'is missing: how many messages at most?');
  return integer(1, 1, MOST)(value, path);
};

const waitField: Field<number> = (value, path) => {
  const waitMs = duration(undefined)(value, path);
  if (waitMs === undefined) {
    throw new InvalidOptionError(path, "is missing: how long may a message wait for others, such as '2s'?");
  }
  if (waitMs > 0 && waitMs <= LONGEST_MS) return waitMs;
  throw new InvalidOptionError(
    path,
    `expected more than 0 and at most 10 minutes, got ${describe(value)}. What is gathered stays unacknowledged.`,
  );
};

const MOST = 10_000;
/** RabbitMQ takes the connection from who holds a message unacknowledged for half an hour. */
const LONGEST_MS = 600_000;
