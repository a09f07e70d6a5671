import { createHash } from 'node:crypto';
import type { Channel } from 'amqplib';
import type { PublishTarget } from '../broker.js';
import type { AdminChannel } from './amqp.admin.js';
import { refusal } from './amqp.failures.js';
import { toTable } from './amqp.table.js';

/** Celery's names. Level 27 holds messages for 2^27 s, level 0 for 1 s. */
const TOP_LEVEL = 27;
const LEVELS = TOP_LEVEL + 1;
const DELIVERY_EXCHANGE = 'celery_delayed_delivery';
const PREFIX = 'celery_delayed_';
const LONGEST_DELAY_S = 2 ** LEVELS - 1;
/** A routing key is at most 255 bytes long, 56 of which are the bits of the delay. */
const LONGEST_ADDRESS = 190;

/**
 * The exchange where a message enters that waits so long: that of its first level. Celery enters at the top; each level on
 * the way costs the server as much as a publish.
 */
export function delayExchange(seconds: number): string {
  return seconds === 0 ? DELIVERY_EXCHANGE : `${PREFIX}${31 - Math.clz32(seconds)}`;
}

/** True for the exchanges and queues of this file. */
export function isDelayed(name: unknown): boolean {
  return typeof name === 'string' && name.startsWith(PREFIX);
}

/**
 * The delay in whole seconds, rounded down so that the message is back before it is due and its worker holds it for the
 * rest; but never 0 before its time, or it would go round and round in its last second.
 */
export function delaySeconds(dueMs: number, nowMs: number): number {
  const restMs = dueMs - nowMs;
  if (!(restMs > 0)) return 0;
  return Math.min(LONGEST_DELAY_S, Math.max(1, Math.floor(restMs / 1000)));
}

/** The key that takes a message through the levels, one for each bit of the delay, to its queue. */
export function delayKey(seconds: number, queue: string): string {
  const bits = seconds.toString(2).padStart(LEVELS, '0').split('');
  return `${bits.join('.')}.${addressOf(queue)}`;
}

/** Where a message enters now that is to be back in its queue by then, epoch ms. */
export function delayTarget(queue: string, dueMs: number, nowMs: number): PublishTarget {
  const seconds = delaySeconds(dueMs, nowMs);
  return { exchange: delayExchange(seconds), routingKey: delayKey(seconds, queue) };
}

/** Celery's native delayed delivery: messages fall through queues with times to live of 2^27, 2^26 … 1 seconds. */
export class DelayedTopology {
  readonly #admin: AdminChannel;
  readonly #queueType: 'quorum' | 'classic';
  readonly #bound = new Set<string>();
  readonly #binding = new Map<string, Promise<void>>();
  #levels: Promise<void> | undefined;

  constructor(admin: AdminChannel, queueType: 'quorum' | 'classic') {
    this.#admin = admin;
    this.#queueType = queueType;
  }

  /** Makes deferring to this queue possible. Undefined when nothing is missing. Rejects as `AmqpTopology.need`. */
  need(queue: string): Promise<void> | undefined {
    if (this.#bound.has(queue)) return undefined;
    const underWay = this.#binding.get(queue);
    if (underWay !== undefined) return underWay;
    const binding = this.#bind(queue).finally(() => this.#binding.delete(queue));
    this.#binding.set(queue, binding);
    return binding;
  }

  /** Its binding may be gone. */
  forget(queue: string): void {
    this.#bound.delete(queue);
  }

  async #bind(queue: string): Promise<void> {
    try {
      this.#levels ??= this.#declareLevels();
      await this.#levels;
    } catch (error) {
      this.#levels = undefined;
      throw error;
    }
    try {
      // Exactly as many words as the delay has bits: with `#` queue `a` would also get the messages of queue `x.a`.
      const key = `${'*.'.repeat(LEVELS)}${addressOf(queue)}`;
      await this.#admin.run((channel) => channel.bindQueue(queue, DELIVERY_EXCHANGE, key));
    } catch (error) {
      throw refusal(`queue ${JSON.stringify(queue)}`, 'defer messages to', error) ?? error;
    }
    this.#bound.add(queue);
  }

  /** The lowest level first, as each one needs the one below. */
  async #declareLevels(): Promise<void> {
    await this.#refusable(`exchange ${DELIVERY_EXCHANGE}`, async (channel) => {
      await channel.assertExchange(DELIVERY_EXCHANGE, 'topic', { durable: true });
    });
    for (let level = 0; level <= TOP_LEVEL; level += 1) {
      await this.#refusable(`delay queue ${PREFIX}${level}`, (channel) =>
        declareLevel(channel, level, this.#queueType),
      );
    }
  }

  async #refusable(entity: string, job: (channel: Channel) => Promise<void>): Promise<void> {
    try {
      await this.#admin.run(job);
    } catch (error) {
      throw refusal(entity, 'declare', error) ?? error;
    }
  }
}

/** Names, arguments and bindings exactly as Python's workers declare them. */
async function declareLevel(channel: Channel, level: number, queueType: 'quorum' | 'classic'): Promise<void> {
  const name = `${PREFIX}${level}`;
  const below = level === 0 ? DELIVERY_EXCHANGE : `${PREFIX}${level - 1}`;
  const bitsAbove = '*.'.repeat(TOP_LEVEL - level);
  await channel.assertExchange(name, 'topic', { durable: true });
  await channel.assertQueue(name, {
    durable: true,
    arguments: toTable({
      'x-queue-type': queueType,
      'x-overflow': 'reject-publish',
      'x-message-ttl': 2 ** level * 1000,
      'x-dead-letter-exchange': below,
      ...(queueType === 'quorum' ? { 'x-dead-letter-strategy': 'at-least-once' } : {}),
    }),
  });
  await channel.bindQueue(name, name, `${bitsAbove}1.#`);
  await channel.bindExchange(below, name, `${bitsAbove}0.#`);
}

/** The queue's name, where it can be part of a key without meaning something else. */
function addressOf(queue: string): string {
  const fits = Buffer.byteLength(queue) <= LONGEST_ADDRESS && !/(^|\.)[*#](\.|$)/.test(queue);
  return fits ? queue : `sha256-${createHash('sha256').update(queue).digest('hex')}`;
}
