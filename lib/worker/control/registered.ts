import type { RateLimit } from '../../task/limit.options.js';
import type { TaskConfig } from '../../task/task.options.js';
import type { TaskDefinition } from '../../task/task.definition.js';

/** `mail.send`, or `mail.send [max_retries=3 serializer=json]`, with what the task has of these items. */
export function registeredTask(
  { name, config }: TaskDefinition,
  rate: RateLimit | undefined,
  items: readonly string[] = ['exchange', 'routing_key', 'rate_limit'],
): string {
  const shown = items
    .map((item) => [item, item === 'rate_limit' ? rateText(rate) : ITEMS[item]?.(config)] as const)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([item, value]) => `${item}=${pythonText(value)}`);
  return shown.length === 0 ? name : `${name} [${shown.join(' ')}]`;
}

/** Celery's form of it: `10/s`, `90/m`, `5/h`. */
function rateText(rate: RateLimit | undefined): string | undefined {
  if (rate === undefined) return undefined;
  const inUnit = UNITS.map(([unit, lengthMs]) => [unit, exact(lengthMs / rate.intervalMs)] as const);
  const [unit, count] = inUnit.find(([, each]) => Number.isInteger(each)) ?? inUnit[2] ?? ['h', 0];
  return `${count}/${unit}`;
}

/** Without what dividing left behind. */
const exact = (count: number): number => Math.round(count * 1e6) / 1e6;

const UNITS = [
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
] as const;

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Celery's task attributes, in its units. */
const ITEMS: Readonly<Record<string, (config: TaskConfig) => unknown>> = {
  queue: ({ queue }) => queue,
  exchange: ({ exchange }) => exchange,
  routing_key: ({ routingKey }) => routingKey,
  priority: ({ priority }) => priority,
  acks_late: ({ acksLate }) => acksLate,
  acks_on_failure_or_timeout: ({ acksOnFailureOrTimeout }) => acksOnFailureOrTimeout,
  reject_on_worker_lost: ({ rejectOnWorkerLost }) => rejectOnWorkerLost,
  max_retries: ({ maxRetries }) => maxRetries,
  default_retry_delay: ({ defaultRetryDelayMs }) => inSeconds(defaultRetryDelayMs),
  time_limit: ({ timeLimitMs }) => inSeconds(timeLimitMs),
  soft_time_limit: ({ softTimeLimitMs }) => inSeconds(softTimeLimitMs),
  ignore_result: ({ ignoreResult }) => ignoreResult,
  store_errors_even_if_ignored: ({ storeErrorsEvenIfIgnored }) => storeErrorsEvenIfIgnored,
  track_started: ({ trackStarted }) => trackStarted,
  send_events: ({ sendEvents }) => sendEvents,
  expires: ({ expiresMs }) => inSeconds(expiresMs),
  serializer: ({ serializer }) => serializer,
  compression: ({ compression }) => compression,
};

function pythonText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}
