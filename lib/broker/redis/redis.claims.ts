import { runScript } from '../../redis/redis.script.js';
import type { RedisContext } from './redis.context.js';
import { failureKind } from '../../redis/redis.failures.js';
import { splitHeld } from './redis.redelivered.js';
import { CLAIM, RECLAIM } from './redis.scripts.js';

/** A message taken from its list and recorded as held under our lease, not yet handed out. */
export interface Claim {
  readonly tag: string;
  readonly queue: string;
  readonly list: string;
  readonly suffixBytes: number;
  readonly raw: Buffer;
  /** When it was asked for, monotonic ms. */
  readonly askedAtMs: number;
}

export interface ClaimResult {
  readonly claims: readonly Claim[];
  /** Lists that cannot be read because their key holds something else. */
  readonly unreadable: readonly string[];
}

interface Doubt {
  readonly first: number;
  readonly count: number;
}

/** Takes messages for one subscription, and finds again what was taken when the answer got lost. */
export class Claims {
  readonly #context: RedisContext;
  readonly #prefix: string;
  #next = 0;
  #doubts: Doubt[] = [];

  /** @param subscription unlike any other of this broker */
  constructor(context: RedisContext, subscription: number) {
    this.#context = context;
    this.#prefix = `${context.owner}:${subscription}:`;
  }

  /**
   * Up to `want` messages, of the most urgent lists first, from these queues in this order.
   * @throws what `RedisLink.run` throws; what had been taken then comes with a later call
   */
  async take(queues: readonly string[], want: number): Promise<ClaimResult> {
    if (this.#doubts.length > 0) {
      const found = await this.#findAgain();
      if (found.length > 0) return { claims: found, unreadable: [] };
    }
    if (queues.length === 0) return { claims: [], unreadable: [] };
    const { link, keys, config, clock } = this.#context;
    const first = this.#next;
    this.#next += want;
    const askedAtMs = clock.monotonicMs();
    const suffixes = queues.map(suffixOf);
    const lists = keys.steps.flatMap((step) => queues.map((queue) => keys.list(queue, step)));
    let answer: unknown;
    try {
      answer = await link.run((client) =>
        runScript(
          client,
          CLAIM,
          [keys.unacked, keys.unackedIndex, keys.leases, ...lists],
          [
            want,
            this.#prefix,
            first,
            config.leaseTimeout,
            keys.steps.length,
            queues.length,
            ...keys.steps,
            ...suffixes,
          ],
        ),
      );
    } catch (error) {
      if (failureKind(error) === 'unknown') this.#doubts.push({ first, count: want });
      throw error;
    }
    return this.#read(answer, queues, suffixes, first, askedAtMs);
  }

  #read(
    answer: unknown,
    queues: readonly string[],
    suffixes: readonly string[],
    first: number,
    askedAtMs: number,
  ): ClaimResult {
    const { keys } = this.#context;
    const claims: Claim[] = [];
    const unreadable: string[] = [];
    const parts: readonly unknown[] = Array.isArray(answer) ? answer : [];
    for (let at = 0; at + 2 < parts.length; at += 3) {
      const [queueIndex, stepIndex, raw] = [Number(parts[at]), parts[at + 1], parts[at + 2]];
      if (queueIndex < 0) {
        unreadable.push(String(stepIndex));
        continue;
      }
      const queue = queues[queueIndex];
      const step = keys.steps[Number(stepIndex)];
      if (queue === undefined || step === undefined || !Buffer.isBuffer(raw)) continue;
      claims.push({
        tag: this.#tag(first + claims.length, step),
        queue,
        list: keys.list(queue, step),
        suffixBytes: Buffer.byteLength(suffixes[queueIndex] ?? ''),
        raw,
        askedAtMs,
      });
    }
    return { claims, unreadable };
  }

  #tag(number: number, step: number): string {
    return `${this.#prefix}${String(number).padStart(9, '0')}:${step}`;
  }

  /** The server may or may not have carried out a claim whose answer was lost; the tags it would have used tell. */
  async #findAgain(): Promise<Claim[]> {
    const { link, keys, config, clock } = this.#context;
    const doubts = this.#doubts;
    const askedAtMs = clock.monotonicMs();
    const tags = doubts.flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, index) =>
        keys.steps.map((step) => this.#tag(first + index, step)),
      ).flat(),
    );
    const answer = await link.run((client) =>
      runScript(
        client,
        RECLAIM,
        [keys.unacked, keys.unackedIndex, keys.leases],
        [config.leaseTimeout, ...tags],
      ),
    );
    this.#doubts = this.#doubts.filter((doubt) => !doubts.includes(doubt));
    const parts: readonly unknown[] = Array.isArray(answer) ? answer : [];
    const found: Claim[] = [];
    for (let at = 0; at + 1 < parts.length; at += 2) {
      const [tag, held] = [String(parts[at]), parts[at + 1]];
      const split = Buffer.isBuffer(held) ? splitHeld(held) : undefined;
      if (split === undefined || !Buffer.isBuffer(held)) continue;
      found.push({
        tag,
        queue: split.routingKey,
        list: keys.list(split.routingKey, stepOfTag(tag) ?? 0),
        suffixBytes: held.length - split.raw.length - 1,
        raw: split.raw,
        askedAtMs,
      });
    }
    return found;
  }
}

/** What follows the message in its held text: kombu's exchange and routing key, which lead back to this queue. */
function suffixOf(queue: string): string {
  return `, "", ${JSON.stringify(queue)}]`;
}

/** The priority step in a tag of ours. */
export function stepOfTag(tag: string): number | undefined {
  const digit = /:\d{9,}:(\d)$/.exec(tag)?.[1];
  return digit === undefined ? undefined : Number(digit);
}
