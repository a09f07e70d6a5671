import { formatCeleryDate, parseCeleryDate } from '../message/celery-date.js';
import type { SignatureDict } from '../message/signature.js';
import type { CallOptions, ResolvedRetryPolicy } from './call.options.js';

type Dict = Readonly<Record<string, unknown>>;

/**
 * Celery's option dictionary → the options we know. It comes from the wire: what is unknown, or is not what its name says,
 * is kept in `foreign` as it came and does nothing. Null says nothing, as in Celery.
 */
export function readSignatureOptions(options: Dict): CallOptions {
  const stampNames = stampNamesOf(options);
  const read: Record<string, unknown> = {};
  const foreign: [string, unknown][] = [];
  const stamps: [string, unknown][] = [];
  for (const [key, value] of Object.entries(options)) {
    if (value === null || value === undefined || key === 'stamped_headers') continue;
    const found = READERS.get(key)?.(value);
    if (found !== undefined) Object.assign(read, found);
    else if (stampNames.has(key)) stamps.push([key, value]);
    else foreign.push([key, value]);
  }
  if (stamps.length > 0) read['stamps'] = Object.freeze(Object.fromEntries(stamps));
  if (foreign.length > 0) read['foreign'] = Object.freeze(Object.fromEntries(foreign));
  return Object.freeze(read);
}

/** The options as Celery names them; relative times stay relative, in seconds. */
export function writeSignatureOptions(options: CallOptions): Dict {
  const { stamps } = options;
  const own = WRITERS.flatMap(([key, write]) => {
    const value = write(options);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.freeze({
    ...options.foreign,
    ...Object.fromEntries(own),
    ...(stamps === undefined ? {} : { ...stamps, stamped_headers: Object.keys(stamps) }),
  });
}

type Reader = (value: unknown) => CallOptions | undefined;

/** Ids, queue and exchange names: AMQP's short string. */
const LONGEST_NAME = 255;
const MOST_LINKS = 1_000;

const name = (key: keyof CallOptions): Reader =>
  when((value) => typeof value === 'string' && value.length <= LONGEST_NAME, key);
const text = (key: keyof CallOptions): Reader => when((value) => typeof value === 'string', key);
const whole = (key: keyof CallOptions, max: number): Reader =>
  when((value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max, key);
const flag = (key: keyof CallOptions): Reader => when((value) => typeof value === 'boolean', key);
const table = (key: keyof CallOptions): Reader => when(isDict, key);

function when(fits: (value: unknown) => boolean, key: keyof CallOptions): Reader {
  return (value) => (fits(value) ? ({ [key]: value } as CallOptions) : undefined);
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['countdown', (value) => (isSeconds(value) ? { countdownMs: value * 1000 } : undefined)],
  ['eta', (value) => instant(value, (etaMs) => ({ etaMs }))],
  [
    'expires',
    (value) =>
      isSeconds(value) ? { expiresInMs: value * 1000 } : instant(value, (expiresAtMs) => ({ expiresAtMs })),
  ],
  ['retry', flag('retry')],
  ['retry_policy', readPolicy],
  ['queue', name('queue')],
  ['exchange', name('exchange')],
  ['routing_key', name('routingKey')],
  ['priority', whole('priority', 255)],
  ['serializer', name('serializer')],
  ['compression', name('compression')],
  ['headers', table('headers')],
  ['task_id', name('taskId')],
  ['link', (value) => links(value, (link) => ({ link }))],
  ['link_error', (value) => links(value, (linkError) => ({ linkError }))],
  ['chain', (value) => links(value, (chain) => ({ chain }))],
  ['chord', (value) => (isSignatureDict(value) ? { chord: value } : undefined)],
  ['time_limit', (value) => (isSeconds(value) && value > 0 ? { timeLimitSeconds: value } : undefined)],
  [
    'soft_time_limit',
    (value) => (isSeconds(value) && value > 0 ? { softTimeLimitSeconds: value } : undefined),
  ],
  ['shadow', text('shadow')],
  ['ignore_result', flag('ignoreResult')],
  ['reply_to', name('replyTo')],
  ['root_id', name('rootId')],
  ['parent_id', name('parentId')],
  ['group_id', name('groupId')],
  ['group_index', whole('groupIndex', Number.MAX_SAFE_INTEGER)],
  ['argsrepr', text('argsrepr')],
  ['kwargsrepr', text('kwargsrepr')],
  ['replaced_task_nesting', whole('replacedTaskNesting', Number.MAX_SAFE_INTEGER)],
]);

const WRITERS: readonly (readonly [string, (options: CallOptions) => unknown])[] = [
  ['countdown', ({ countdownMs }) => seconds(countdownMs)],
  ['eta', ({ etaMs }) => (etaMs === undefined ? undefined : formatCeleryDate(etaMs))],
  [
    'expires',
    ({ expiresInMs, expiresAtMs }) =>
      expiresAtMs === undefined ? seconds(expiresInMs) : formatCeleryDate(expiresAtMs),
  ],
  ['retry', ({ retry }) => retry],
  ['retry_policy', ({ retryPolicy }) => (retryPolicy === undefined ? undefined : writePolicy(retryPolicy))],
  ['queue', ({ queue }) => queue],
  ['exchange', ({ exchange }) => exchange],
  ['routing_key', ({ routingKey }) => routingKey],
  ['priority', ({ priority }) => priority],
  ['serializer', ({ serializer }) => serializer],
  ['compression', ({ compression }) => compression],
  ['headers', ({ headers }) => headers],
  ['task_id', ({ taskId }) => taskId],
  ['link', ({ link }) => link],
  ['link_error', ({ linkError }) => linkError],
  ['chain', ({ chain }) => chain],
  ['chord', ({ chord }) => chord],
  ['time_limit', ({ timeLimitSeconds }) => timeLimitSeconds],
  ['soft_time_limit', ({ softTimeLimitSeconds }) => softTimeLimitSeconds],
  ['shadow', ({ shadow }) => shadow],
  ['ignore_result', ({ ignoreResult }) => ignoreResult],
  ['reply_to', ({ replyTo }) => replyTo],
  ['root_id', ({ rootId }) => rootId],
  ['parent_id', ({ parentId }) => parentId],
  ['group_id', ({ groupId }) => groupId],
  ['group_index', ({ groupIndex }) => groupIndex],
  ['argsrepr', ({ argsrepr }) => argsrepr],
  ['kwargsrepr', ({ kwargsrepr }) => kwargsrepr],
  ['replaced_task_nesting', ({ replacedTaskNesting }) => replacedTaskNesting],
];

function stampNamesOf(options: Dict): ReadonlySet<unknown> {
  const names = options['stamped_headers'];
  return new Set(Array.isArray(names) ? names : []);
}

/** A century: longer waits are a mistake, and dates that far cannot be written. */
const LONGEST_SECONDS = 36_500 * 86_400;

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= LONGEST_SECONDS;
}

/** ISO text, or a Date where the serializer carries its type. */
function instant(value: unknown, found: (epochMs: number) => CallOptions): CallOptions | undefined {
  const epochMs =
    value instanceof Date ? value.getTime() : typeof value === 'string' ? parseCeleryDate(value) : undefined;
  return epochMs === undefined || Number.isNaN(epochMs) ? undefined : found(epochMs);
}

function links(
  value: unknown,
  found: (list: readonly SignatureDict[]) => CallOptions,
): CallOptions | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length <= MOST_LINKS && list.every(isSignatureDict) ? found(list) : undefined;
}

function isSignatureDict(value: unknown): value is SignatureDict {
  if (!isDict(value)) return false;
  const { task, args, kwargs, options } = value as Partial<SignatureDict>;
  return typeof task === 'string' && Array.isArray(args) && isDict(kwargs) && isDict(options);
}

function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function readPolicy(value: unknown): CallOptions | undefined {
  if (!isDict(value)) return undefined;
  const { max_retries, interval_start, interval_step, interval_max } = value as Record<string, unknown>;
  return {
    retryPolicy: {
      ...(max_retries === null || Number.isSafeInteger(max_retries)
        ? { maxRetries: max_retries as number | null }
        : {}),
      ...(isSeconds(interval_start) ? { intervalStartMs: interval_start * 1000 } : {}),
      ...(isSeconds(interval_step) ? { intervalStepMs: interval_step * 1000 } : {}),
      ...(isSeconds(interval_max) ? { intervalMaxMs: interval_max * 1000 } : {}),
    },
  };
}

function writePolicy(policy: Partial<ResolvedRetryPolicy>): Dict {
  return Object.fromEntries(
    Object.entries({
      max_retries: policy.maxRetries,
      interval_start: seconds(policy.intervalStartMs),
      interval_step: seconds(policy.intervalStepMs),
      interval_max: seconds(policy.intervalMaxMs),
    }).filter(([, value]) => value !== undefined),
  );
}
