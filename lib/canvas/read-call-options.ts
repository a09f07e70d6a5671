import { InvalidOptionError } from '../errors.js';
import { parseCeleryDate } from '../message/celery-date.js';
import type { SignatureDict } from '../message/signature.js';
import { durationMs } from '../runtime/duration.js';
import { nearest } from '../runtime/nearest.js';
import { bool, describe, duration, integer, type Field } from '../runtime/options.js';
import type { ApplyAsyncOptions, CallOptions, ResolvedRetryPolicy } from './call.options.js';
import { toCanvasDict } from './canvas-dict.js';
import { isCanvas } from './check-canvas.js';

/**
 * Calling options as users write them → as the code reads them.
 * @throws InvalidOptionError for an unknown name (with "did you mean") or a bad value
 */
export function readApplyOptions(given: ApplyAsyncOptions | undefined, section = 'options'): CallOptions {
  if (given === undefined) return NO_OPTIONS;
  const read: CallOptions = {};
  for (const [key, value] of Object.entries(record(given, section))) {
    const field = FIELDS.get(key);
    if (field === undefined) throw unknownOption(section, key);
    if (value !== undefined) Object.assign(read, field(value, `${section}.${key}`));
  }
  checkTogether(read, section);
  return Object.freeze(read);
}

const NO_OPTIONS: CallOptions = Object.freeze({});

/** Longest wait and farthest instant: what Python's `datetime` can still write. */
const LONGEST_WAIT_MS = 36_500 * 86_400_000;
const LATEST_MS = Date.UTC(9999, 11, 31);
/** AMQP's short string. */
const LONGEST_NAME = 255;

const wait = (value: unknown, path: string): number => {
  const found = durationMs(value, path);
  if (Math.abs(found) <= LONGEST_WAIT_MS) return found;
  throw new InvalidOptionError(path, `expected at most 36500 days, got ${describe(value)}`);
};

const instant = (value: unknown, path: string): number => {
  const epochMs =
    value instanceof Date ? value.getTime() : typeof value === 'string' ? parseCeleryDate(value) : undefined;
  if (epochMs !== undefined && epochMs >= 0 && epochMs <= LATEST_MS) return epochMs;
  throw new InvalidOptionError(
    path,
    `expected a Date or ISO text such as 2030-01-02T03:04:05Z, got ${value instanceof Date ? 'an invalid or too far Date' : describe(value)}`,
  );
};

const name = (value: unknown, path: string): string => {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME && !/\p{Cc}/u.test(value))
    return value;
  throw new InvalidOptionError(
    path,
    `expected a text of 1 to ${LONGEST_NAME} characters, got ${describe(value)}`,
  );
};

const anyText = (value: unknown, path: string): string => {
  if (typeof value === 'string') return value;
  throw new InvalidOptionError(path, `expected a string, got ${describe(value)}`);
};

const record = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new InvalidOptionError(path, `expected an object, got ${describe(value)}`);
};

const index = (value: unknown, path: string): number => integer(0, 0, 255)(value, path);
const flag = (value: unknown, path: string): boolean => bool(false)(value, path);

/** Headers of the protocol itself: a caller's own may not stand in their place. */
const PROTOCOL_HEADERS: ReadonlySet<string> = new Set(
  (
    'lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr ' +
    'origin ignore_result replaced_task_nesting stamped_headers stamps compression'
  ).split(' '),
);

/** A header that an application may set. @throws InvalidOptionError for one of the protocol's own */
export function headerName(header: string): string {
  if (!PROTOCOL_HEADERS.has(header)) return header;
  throw new InvalidOptionError(
    `headers.${header}`,
    'is a header of the protocol itself. Choose another name.',
  );
}

const headers = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  const given = record(value, path);
  const taken = Object.keys(given).find((key) => PROTOCOL_HEADERS.has(key));
  if (taken === undefined) return Object.freeze({ ...given });
  throw new InvalidOptionError(
    `${path}.${taken}`,
    'is a header of the protocol itself. Choose another name.',
  );
};

/** Celery's retry policy of a publish, as far as it is given. */
export const readRetryPolicy = (value: unknown, path: string): Partial<ResolvedRetryPolicy> => {
  const given = record(value, path);
  for (const key of Object.keys(given))
    if (!POLICY_FIELDS.has(key)) throw unknownOption(path, key, POLICY_FIELDS);
  const parts = [...POLICY_FIELDS].flatMap(([key, field]) =>
    given[key] === undefined ? [] : [field(given[key], `${path}.${key}`)],
  );
  return Object.freeze(Object.assign({}, ...parts) as Partial<ResolvedRetryPolicy>);
};

const POLICY_FIELDS: ReadonlyMap<string, Field<Partial<ResolvedRetryPolicy>>> = new Map<
  string,
  Field<Partial<ResolvedRetryPolicy>>
>([
  ['maxRetries', (value, path) => ({ maxRetries: value === null ? null : integer(0)(value, path) })],
  ['intervalStart', (value, path) => ({ intervalStartMs: duration(0)(value, path) })],
  ['intervalStep', (value, path) => ({ intervalStepMs: duration(0)(value, path) })],
  ['intervalMax', (value, path) => ({ intervalMaxMs: duration(0)(value, path) })],
]);

/** Celery would hold them all in one message header. */
const MOST_LINKS = 1_000;

const links = (value: unknown, path: string): readonly SignatureDict[] => {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (given.length > MOST_LINKS)
    throw new InvalidOptionError(path, `expected at most ${MOST_LINKS}, got ${given.length}`);
  return Object.freeze(
    given.map((each) => {
      if (isCanvas(each)) return toCanvasDict(each);
      throw new InvalidOptionError(path, `expected signatures, such as handle.s(), got ${describe(each)}`);
    }),
  );
};

const TABLE: { readonly [K in keyof ApplyAsyncOptions]-?: Field<CallOptions> } = {
  countdown: (value, path) => ({ countdownMs: wait(value, path) }),
  eta: (value, path) => ({ etaMs: instant(value, path) }),
  expires: (value, path) =>
    value instanceof Date ? { expiresAtMs: instant(value, path) } : { expiresInMs: wait(value, path) },
  retry: (value, path) => ({ retry: flag(value, path) }),
  retryPolicy: (value, path) => ({ retryPolicy: readRetryPolicy(value, path) }),
  queue: (value, path) => ({ queue: name(value, path) }),
  // '' is a name of its own: the default exchange.
  exchange: (value, path) => ({ exchange: value === '' ? '' : name(value, path) }),
  routingKey: (value, path) => ({ routingKey: value === '' ? '' : name(value, path) }),
  priority: (value, path) => ({ priority: index(value, path) }),
  serializer: (value, path) => ({ serializer: name(value, path) }),
  compression: (value, path) => ({ compression: name(value, path) }),
  headers: (value, path) => ({ headers: headers(value, path) }),
  taskId: (value, path) => ({ taskId: name(value, path) }),
  link: (value, path) => ({ link: links(value, path) }),
  linkError: (value, path) => ({ linkError: links(value, path) }),
  timeLimit: (value, path) => ({ timeLimitSeconds: duration(0)(value, path) / 1000 }),
  softTimeLimit: (value, path) => ({ softTimeLimitSeconds: duration(0)(value, path) / 1000 }),
  shadow: (value, path) => ({ shadow: name(value, path) }),
  ignoreResult: (value, path) => ({ ignoreResult: flag(value, path) }),
  replyTo: (value, path) => ({ replyTo: name(value, path) }),
  rootId: (value, path) => ({ rootId: name(value, path) }),
  parentId: (value, path) => ({ parentId: name(value, path) }),
  groupId: (value, path) => ({ groupId: name(value, path) }),
  stamps: (value, path) => ({ stamps: Object.freeze({ ...record(value, path) }) }),
  argsrepr: (value, path) => ({ argsrepr: anyText(value, path) }),
  kwargsrepr: (value, path) => ({ kwargsrepr: anyText(value, path) }),
};

const FIELDS: ReadonlyMap<string, Field<CallOptions>> = new Map(Object.entries(TABLE));

function checkTogether(read: CallOptions, section: string): void {
  if (read.countdownMs !== undefined && read.etaMs !== undefined) {
    throw new InvalidOptionError(`${section}.eta`, 'cannot stand beside countdown. Give one of them.');
  }
  if ((read.softTimeLimitSeconds ?? 0) > (read.timeLimitSeconds ?? Infinity)) {
    throw new InvalidOptionError(
      `${section}.softTimeLimit`,
      `${read.softTimeLimitSeconds} s is longer than the hard limit of ${read.timeLimitSeconds} s. Make it shorter.`,
    );
  }
}

function unknownOption(
  section: string,
  key: string,
  fields: ReadonlyMap<string, unknown> = FIELDS,
): InvalidOptionError {
  const meant = nearest(key, fields.keys());
  const known = [...fields.keys()].join(', ');
  return new InvalidOptionError(
    `${section}.${key}`,
    `unknown option.${meant === undefined ? ` Known: ${known}` : ` Did you mean ${meant}?`}`,
  );
}
