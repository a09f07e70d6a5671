import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.js';
import type { Sifted, WhenToPutAway } from '../broker.js';
import { belongsInFront, FIRST_LOOK, isFlood } from '../sift.rules.js';
import type { MemoryHub } from './memory.hub.js';
import type { MemoryQueue } from './memory.queue.js';
import type { StoredMessage } from './stored-message.js';

/** Looked at in one go. */
const PAGE = 500;
/** Of newcomers at one look; what is not reached is looked at first the next time. */
const MOST_PAGES = 4;

/** `Subscription.sift` of one queue: as on Redis, the front is put away and what comes behind it and may run is brought there. */
export class MemorySifter {
  /** The newest that was looked at and stayed where it was. */
  #seen: StoredMessage | undefined;

  constructor(
    private readonly queue: MemoryQueue,
    private readonly hub: MemoryHub,
    private readonly clock: Clock,
  ) {}

  /** @throws as `when` */
  async sift(when: WhenToPutAway): Promise<Sifted> {
    // Whoever sifts a flood does so again and again, and others want the event loop too.
    await nextTurn();
    const { queue, hub } = this;
    const looked = queue.among(0, PAGE);
    const waiting = looked.filter((stored) => stored.recalled !== true);
    const dues = await when(waiting.map(({ message }) => message));
    const dueOf = new Map<StoredMessage, number>();
    for (const [index, stored] of waiting.entries()) {
      const dueMs = dues[index];
      if (dueMs !== undefined) dueOf.set(stored, dueMs);
    }
    const put = queue.takeOut(dueOf, PAGE).map((stored) => {
      const mark = hub.newMark();
      hub.defer(queue.name, stored, dueOf.get(stored) ?? 0, mark);
      return { message: stored.message, mark };
    });
    const front = looked.length - put.length;
    if (isFlood(looked.length, put.length)) await this.#scout(front, when);
    return { looked: looked.length, put };
  }

  async #scout(front: number, when: WhenToPutAway): Promise<void> {
    let ahead = front;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const unseen = this.queue.distance(this.#seen) ?? Math.min(FIRST_LOOK, this.queue.size);
      if (unseen === 0) return;
      ahead += await this.#advance(unseen, ahead, when);
    }
  }

  /** The oldest of so many at the back; how many of them were brought to the front. */
  async #advance(unseen: number, ahead: number, when: WhenToPutAway): Promise<number> {
    const from = this.queue.size - unseen;
    const page = this.queue.among(from, from + PAGE);
    const dues = await when(page.map(({ message }) => message));
    const nowMs = this.clock.now();
    const chosen = new Set(page.filter((_stored, index) => belongsInFront(dues[index], nowMs)));
    this.#seen = page.findLast((stored) => !chosen.has(stored)) ?? this.#seen;
    return chosen.size === 0 ? 0 : this.queue.advance(chosen, ahead);
  }
}
