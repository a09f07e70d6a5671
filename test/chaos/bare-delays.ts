import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'amqplib';
import { delayTarget } from '../../lib/broker/amqp/amqp.delayed.js';
import type { Due } from './delays.js';
import type { Place } from './place.js';
import type { Random } from './random.js';

/** Bits of a delay, as in Celery's keys. */
const BITS = 28;
const LOOK_MS = 20;
const bareQueue = ({ queue }: Place): string => `${queue}-bare`;

/**
 * Messages without tasks, by plain RabbitMQ, through the delay queues that stand already: what these take on this machine, over
 * the same faults. None elsewhere.
 */
export async function sendBare(
  place: Place,
  random: Random,
  count: number,
  [soonestMs, latestMs]: readonly [number, number],
): Promise<Due> {
  const due = new Map<string, number>();
  if (place.name === 'Redis' || place.name === 'memory') return due;
  const connection = await connect(String(place.app.broker));
  const channel = await connection.createConfirmChannel();
  const queue = bareQueue(place);
  const type = place.name === 'RabbitMQ quorum' ? 'quorum' : 'classic';
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } });
  await channel.bindQueue(queue, 'celery_delayed_delivery', '*.'.repeat(BITS) + queue);
  for (let sent = 0; sent < count; sent += 1) {
    const [id, nowMs] = [String(sent), Date.now()];
    const dueMs = nowMs + random.between(soonestMs, latestMs);
    due.set(id, dueMs);
    const { exchange, routingKey } = delayTarget(queue, dueMs, nowMs);
    channel.publish(exchange, routingKey, Buffer.from(id), { persistent: true });
  }
  await channel.waitForConfirms();
  await connection.close();
  return due;
}

/** How late each comes, ms, the least first: after it was due, or after now. Those that do not come within `limitMs` of the last are left out. */
export async function bareLateness(place: Place, due: Due, limitMs: number): Promise<number[]> {
  if (due.size === 0) return [];
  const sinceMs = Date.now();
  const late = new Map<string, number>();
  const connection = await connect(String(place.app.broker));
  const channel = await connection.createChannel();
  await channel.consume(bareQueue(place), (message) => {
    if (message === null) return;
    channel.ack(message);
    const id = message.content.toString();
    late.set(id, Math.max(0, Date.now() - Math.max(due.get(id) ?? 0, sinceMs)));
  });
  const endMs = Math.max(...due.values()) + limitMs;
  while (late.size < due.size && Date.now() < endMs) await pause(LOOK_MS);
  await connection.close();
  return [...late.values()].toSorted((one, other) => one - other);
}

/** So that this part of them is not later; 0 of none. */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
