import type { Fields } from '../../control/record.js';
import type { ExchangeDeclaration, QueueDeclaration } from '../../broker/topology.js';
import type { Rate } from '../../task/limit.options.js';
import { seconds, text, whole } from './arguments.js';
import { CommandRefused, ok, type ControlHost } from './host.js';

// What workers can be told.

export function enableEvents({ events }: ControlHost) {
  if (events.tasks) return ok('task events already enabled');
  events.tasks = true;
  return ok('task events enabled');
}

export function disableEvents({ events }: ControlHost) {
  if (!events.tasks) return ok('task events already disabled');
  events.tasks = false;
  return ok('task events disabled');
}

export function heartbeat({ beat }: ControlHost): null {
  beat();
  return null;
}

export function rateLimit(
  { tasks, setRateLimit }: ControlHost,
  { task_name: named, rate_limit: rate }: Fields,
) {
  const name = text(named, 'task_name');
  if (tasks.get(name) === undefined) throw new CommandRefused('unknown task');
  if (typeof rate !== 'string' && typeof rate !== 'number' && isGiven(rate))
    throw new CommandRefused("rate_limit: expected a rate such as '10/s'");
  // Read, and refused where it is none, by whoever sets it.
  setRateLimit(name, isGiven(rate) ? (rate as Rate) : null);
  return ok(
    isGiven(rate) && rate !== 0 ? 'new rate limit set successfully' : 'rate limit disabled successfully',
  );
}

export function timeLimit({ tasks, limits }: ControlHost, { task_name: named, hard, soft }: Fields) {
  const name = text(named, 'task_name');
  if (tasks.get(name) === undefined) throw new CommandRefused('unknown task');
  const override = { ownTimeLimitMs: seconds(hard, 'hard'), ownSoftTimeLimitMs: seconds(soft, 'soft') };
  if ((override.ownSoftTimeLimitMs ?? 0) > (override.ownTimeLimitMs ?? Infinity))
    throw new CommandRefused('soft: longer than the hard limit');
  limits.set(name, override);
  return ok('time limits set successfully');
}

export async function poolGrow({ pool }: ControlHost, { n = 1, pool: name }: Fields) {
  await pool.resizeBy(whole(n, 'n', 1, MOST_GROWN), poolName(name));
  return ok('pool will grow');
}

export async function poolShrink({ pool }: ControlHost, { n = 1, pool: name }: Fields) {
  await pool.resizeBy(-whole(n, 'n', 1, MOST_GROWN), poolName(name));
  return ok('pool will shrink');
}

export function poolRestart(): never {
  throw new CommandRefused("ValueError('Pool restarts not enabled')");
}

export async function autoscale({ pool }: ControlHost, { max, min = 0, pool: name }: Fields) {
  const most = whole(max, 'max', 1, MOST_GROWN);
  const least = Math.max(1, whole(min, 'min', 0, most));
  await pool.autoscale(least, most, poolName(name));
  return ok(`autoscale now max=${most} min=${least}`);
}

export async function addConsumer(host: ControlHost, args: Fields) {
  const queue = text(args['queue'], 'queue');
  if (!host.queues().some(({ name }) => name === queue)) await host.addQueue(declared(host, queue, args));
  return ok(`add consumer ${queue}`);
}

export async function cancelConsumer({ removeQueue, queues }: ControlHost, { queue: named }: Fields) {
  const queue = text(named, 'queue');
  if (queues().some(({ name }) => name === queue)) await removeQueue(queue);
  return ok(`no longer consuming from ${queue}`);
}

/** Ours, not Celery's: `ControlClient.pauseQueue` says it to all. */
export async function pauseQueue({ pauseQueue: pause }: ControlHost, { queue: named }: Fields) {
  const queue = text(named, 'queue');
  return ok((await pause(queue)) ? `queue ${queue} paused` : `queue ${queue} is not consumed here`);
}

export async function resumeQueue({ resumeQueue: resume }: ControlHost, { queue: named }: Fields) {
  const queue = text(named, 'queue');
  return ok((await resume(queue)) ? `queue ${queue} resumed` : `queue ${queue} was not paused here`);
}

export function election({ elect }: ControlHost, { id, topic, action = null }: Fields): null {
  elect(text(id, 'id'), text(topic, 'topic'), action);
  return null;
}

/** As in Celery nobody hears of it any more. */
export function shutdown({ stop }: ControlHost): void {
  stop();
}

const MOST_GROWN = 10_000;

function poolName(name: unknown): string | undefined {
  return name === undefined || name === null ? undefined : text(name, 'pool');
}

/** As this worker's own settings have it, unless the command says more. */
function declared(host: ControlHost, queue: string, args: Fields): QueueDeclaration {
  const own = host.queueNamed(queue);
  const { exchange, exchange_type: type, routing_key: key } = args;
  if (!isGiven(exchange) && !isGiven(key)) return own;
  const declaration: ExchangeDeclaration = {
    name: isGiven(exchange) ? text(exchange, 'exchange') : (own.exchange?.name ?? queue),
    type: exchangeType(type),
    durable: true,
    autoDelete: false,
    arguments: {},
  };
  const routingKey = isGiven(key) ? text(key, 'routing_key') : own.routingKey;
  return Object.freeze({ ...own, exchange: Object.freeze(declaration), routingKey });
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

function exchangeType(given: unknown): ExchangeDeclaration['type'] {
  const type = given ?? 'direct';
  if (type === 'direct' || type === 'topic' || type === 'fanout' || type === 'headers') return type;
  throw new CommandRefused('exchange_type: expected direct, topic, fanout or headers');
}
