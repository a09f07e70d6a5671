import { createHash } from 'node:crypto';
import { runScript } from '../../redis/redis.script.js';
import type { Sifted, WhenToPutAway } from '../broker.js';
import { isFlood } from '../sift.rules.js';
import type { RedisContext } from './redis.context.js';
import { movable, PageSize } from './redis.page.js';
import { Scout } from './redis.scout.js';
import { SIFT } from './redis.scripts.js';

/** Looked at in one go. */
const MOST = 500;
const MOST_BYTES = 1024 * 1024;

/**
 * Puts messages of a list away that nobody has taken, many in one step, and while most in front are such, brings those to
 * the front that come behind them and may run.
 */
export class Sifter {
  readonly #context: RedisContext;
  readonly #prefix: string;
  readonly #scout: Scout;
  #number = 0;
  readonly #page = new PageSize(MOST_BYTES, MOST);

  /** @param subscription unlike any other of this broker */
  constructor(context: RedisContext, subscription: number) {
    this.#context = context;
    this.#prefix = `${context.owner}:${subscription}:s`;
    this.#scout = new Scout(context);
  }

  /** @throws what `RedisLink.run` and `when` throw; messages are then where they were, or put away and due at their time */
  async sift(list: string, when: WhenToPutAway): Promise<Sifted> {
    const sifted = await this.#siftFront(list, when);
    const front = sifted.looked - sifted.put.length;
    if (isFlood(sifted.looked, sifted.put.length)) await this.#scout.look(list, front, when);
    return sifted;
  }

  async #siftFront(list: string, when: WhenToPutAway): Promise<Sifted> {
    const { link, keys, clock } = this.#context;
    const raws = await link.run((client) => client.lrangeBuffer(list, -this.#page.count, -1));
    if (raws.length === 0) return { looked: 0, put: [] };
    this.#page.learn(raws);
    // The foremost last, as Redis lists them.
    const waiting = movable(raws.toReversed());
    const dues = await when(waiting.map(({ message }) => message));
    const chosen = waiting.flatMap(({ raw, message }, index) => {
      const dueMs = dues[index];
      if (dueMs === undefined) return [];
      const mark = `${this.#prefix}${(this.#number += 1)}`;
      const sha = createHash('sha1').update(raw).digest('hex');
      return [{ message, mark, sha, waitMs: Math.max(0, Math.ceil(dueMs - clock.now())) }];
    });
    if (chosen.length === 0) return { looked: raws.length, put: [] };
    const answer = await link.run((client) =>
      runScript(
        client,
        SIFT,
        [keys.delayed, keys.delayedMessages, list],
        [raws.length, ...chosen.flatMap(({ sha, waitMs, mark }) => [sha, waitMs, mark])],
      ),
    );
    const put = new Set(Array.isArray(answer) ? answer.map(String) : []);
    return { looked: raws.length, put: chosen.filter(({ mark }) => put.has(mark)) };
  }
}
