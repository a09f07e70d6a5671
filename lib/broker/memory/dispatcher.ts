import { Deque } from '../../runtime/deque.js';
import type { MemoryQueue } from './memory.queue.js';

/** Messages handed out before the rest of the process gets its turn. */
const BATCH = 256;

/**
 * Hands out what waits, one message per queue in turn, so that no queue starves another. Never in the call that made a
 * message available, but in the event loop's next turn: whoever publishes is not called back from inside.
 */
export class Dispatcher {
  readonly #line = new Deque<MemoryQueue>();
  readonly #inLine = new Set<MemoryQueue>();
  #scheduled = false;

  wake(queue: MemoryQueue): void {
    if (this.#inLine.has(queue)) return;
    this.#inLine.add(queue);
    this.#line.push(queue);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#serve);
  }

  readonly #serve = (): void => {
    this.#scheduled = false;
    for (let served = 0; served < BATCH; served += 1) {
      const queue = this.#line.shift();
      if (queue === undefined) return;
      if (queue.handOutOne()) this.#line.push(queue);
      else this.#inLine.delete(queue);
    }
    if (this.#line.size > 0) this.#schedule();
  };
}
