import { Redis } from 'ioredis';
import type { CeleryOptions } from '../../lib/index.js';
import { plainQueue } from '../../lib/broker/topology.js';
import { eventually } from '../support/eventually.js';
import type { Place } from './place.js';
import { openSilently } from './silent-app.js';

const WAIT_MS = 120_000;
/** What a return adds to a message: kombu's flags, and how often it came back. */
const FLAGS = /"(redelivered|x-delivery-count)": ?(true|\d+)(, )?/g;

/** A queue on Redis, looked at from outside of the library. */
export class RedisQueue implements Disposable {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(private readonly place: Place) {
    this.#redis = new Redis(String(place.app.broker));
    this.#prefix = `${place.queue}:`;
  }

  async waiting(): Promise<Buffer[]> {
    return this.#redis.lrangeBuffer(this.#prefix + this.place.queue, 0, -1);
  }

  async length(): Promise<number> {
    return this.#redis.llen(this.#prefix + this.place.queue);
  }

  /** Recorded as held by somebody, dead or alive. */
  async held(): Promise<number> {
    return this.#redis.hlen(`${this.#prefix}unacked`);
  }

  async pingMs(): Promise<number> {
    const sinceMs = performance.now();
    await this.#redis.ping();
    return performance.now() - sinceMs;
  }

  /** From here on Redis notes which commands hold up all others. */
  async watchSlowness(): Promise<void> {
    await this.#redis.config('SET', 'slowlog-log-slower-than', '1000', 'slowlog-max-len', '10000');
    await this.#redis.slowlog('RESET');
  }

  /** How many commands have held up all others for longer since. */
  async slowerThan(ms: number): Promise<number> {
    const slow = (await this.#redis.slowlog('GET', 10_000)) as readonly (readonly unknown[])[];
    return slow.filter(([, , microseconds]) => Number(microseconds) > ms * 1_000).length;
  }

  [Symbol.dispose](): void {
    this.#redis.disconnect();
  }
}

/** The same for a message however often it was handed out. */
export function unflagged(message: Buffer): string {
  return message.toString('latin1').replace(FLAGS, '');
}

/** Takes everything that waits in the queue, and dies of it: connections end without a word, and nothing is given back. */
export async function takeAndDie(place: Place, options: CeleryOptions, die: () => void): Promise<void> {
  using queue = new RedisQueue(place);
  const app = await openSilently(options);
  await app.broker.consume([plainQueue(place.queue)], { prefetch: 0, onDelivery: () => undefined });
  const isTaken = async () => (await queue.length()) === 0;
  await eventually(isTaken, { withinMs: WAIT_MS, what: 'an empty queue' });
  die();
  void app.close(0);
}
