import type { Clock, Timer } from '../runtime/clock.js';
import type { Request } from './request.js';

/**
 * Keeps requests that are due soon, a bounded number of them: so many messages with an ETA never fill a worker. Those that
 * wait for their rate limit take half of the room at most.
 */
export class EtaHolder {
  readonly #held = new Map<Request, Timer>();
  #limited = 0;

  /** @param most requests held at a time */
  constructor(
    private readonly most: () => number,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.#held.size;
  }

  get hasRoom(): boolean {
    return this.#held.size < this.most();
  }

  get hasRoomForLimited(): boolean {
    return this.hasRoom && this.#limited * 2 < this.most();
  }

  /** False when there is no room: the request is then not held. */
  hold(request: Request, waitMs: number, onDue: () => void, limited = false): boolean {
    if (!(limited ? this.hasRoomForLimited : this.hasRoom)) return false;
    const timer = this.clock.after(waitMs, () => {
      this.#held.delete(request);
      if (limited) this.#limited -= 1;
      onDue();
    });
    if (limited) this.#limited += 1;
    this.#held.set(request, timer);
    return true;
  }

  /** Lets go of all of them; they are no longer called back. */
  clear(): void {
    for (const timer of this.#held.values()) timer.cancel();
    this.#held.clear();
    this.#limited = 0;
  }
}
