import type { Slots } from '../runtime/slots.js';

/** A pool's places, and how many there may be at most. */
export interface Places {
  readonly slots: Slots;
  readonly most: number;
}

/**
 * For workers that take a message only when a slot is free: how many of a queue's messages may come now. Which pool they
 * will run in is not known before they come: it is taken for the one that the queue's last message ran in.
 */
export class PoolRoom {
  readonly #inHand = new Map<Slots, number>();
  readonly #lastOf = new Map<string, Slots>();

  constructor(private readonly places: () => readonly Places[]) {}

  /** One of the queue came, for these places. */
  came(queue: string, slots: Slots): void {
    this.#lastOf.set(queue, slots);
  }

  took(slots: Slots): void {
    this.#inHand.set(slots, this.#of(slots) + 1);
  }

  left(slots: Slots): void {
    this.#inHand.set(slots, this.#of(slots) - 1);
  }

  /** @param queue undefined: of all queues together */
  of(queue: string | undefined): number {
    const last = queue === undefined ? undefined : this.#lastOf.get(queue);
    const places = this.places().filter(({ slots }) => last === undefined || slots === last);
    const room = Math.min(...places.map(({ slots, most }) => most - this.#of(slots)));
    // Of a queue that nothing came from yet, one message tells.
    return queue !== undefined && last === undefined ? Math.max(1, room) : room;
  }

  #of(slots: Slots): number {
    return this.#inHand.get(slots) ?? 0;
  }
}
