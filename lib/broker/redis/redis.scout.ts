import { runScript } from '../../redis/redis.script.js';
import type { WhenToPutAway } from '../broker.js';
import { belongsInFront, FIRST_LOOK } from '../sift.rules.js';
import type { RedisContext } from './redis.context.js';
import { movable, PageSize } from './redis.page.js';
import { ADVANCE, CAME_AFTER } from './redis.scripts.js';

/** Read in one go: so many, and about so many bytes. */
const MOST = 2_000;
const MOST_BYTES = 2 * 1024 * 1024;
/** At one look; what is not reached is looked at first the next time. */
const MOST_PAGES = 20;
/** How far from the newest the last one looked at is searched for. */
const FARTHEST = 200_000;

/**
 * Looks at what comes into a list whose front is a flood of messages that cannot run now, and brings those to the front
 * that can: they do not wait until the flood is put away.
 */
export class Scout {
  readonly #context: RedisContext;
  /** By list: the newest message that was looked at and stayed where it was. */
  readonly #seen = new Map<string, Buffer>();
  readonly #page = new PageSize(MOST_BYTES, MOST);

  constructor(context: RedisContext) {
    this.#context = context;
  }

  /**
   * @param front messages at the front of the list that may run too: they stay there
   * @throws what `RedisLink.run` and `when` throw; messages are then where they were, or at the front
   */
  async look(list: string, front: number, when: WhenToPutAway): Promise<void> {
    let ahead = front;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { newcomers, isLast } = await this.#newcomers(list);
      ahead += await this.#advance(list, newcomers, ahead, when);
      if (isLast) return;
    }
  }

  /** The oldest of those that came since the last look, the newest of them first. */
  async #newcomers(list: string): Promise<{ newcomers: readonly Buffer[]; isLast: boolean }> {
    const args = [this.#seen.get(list) ?? '', FARTHEST, FIRST_LOOK, this.#page.count];
    const answer = await this.#context.link.run((client) => runScript(client, CAME_AFTER, [list], args));
    const [isLast, ...found]: readonly unknown[] = Array.isArray(answer) ? answer : [1];
    const newcomers = found.filter((raw) => Buffer.isBuffer(raw));
    this.#page.learn(newcomers);
    return { newcomers, isLast: isLast !== 0 };
  }

  /** How many were brought to the front, behind those `ahead`. */
  async #advance(
    list: string,
    newcomers: readonly Buffer[],
    ahead: number,
    when: WhenToPutAway,
  ): Promise<number> {
    const waiting = movable(newcomers);
    const dues = await when(waiting.map(({ message }) => message));
    const nowMs = this.#context.clock.now();
    const chosen = new Set(
      waiting.filter((_, index) => belongsInFront(dues[index], nowMs)).map(({ raw }) => raw),
    );
    const newest = newcomers.find((raw) => !chosen.has(raw));
    if (newest !== undefined) this.#seen.set(list, newest);
    if (chosen.size === 0) return 0;
    const args = [ahead, FARTHEST, ...chosen];
    const moved = await this.#context.link.run((client) => runScript(client, ADVANCE, [list], args));
    return Number(moved);
  }
}
