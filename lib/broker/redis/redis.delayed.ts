import type { Timer } from '../../runtime/clock.js';
import { runScript } from '../../redis/redis.script.js';
import type { RedisContext } from './redis.context.js';
import { failureKind, refusalReason } from '../../redis/redis.failures.js';
import { MOVE_DUE } from './redis.scripts.js';

const AT_A_TIME = 100;
/** What other processes deferred is looked for this often; a process that deferred a message is itself punctual. */
const LOOK_EVERY_MS = 1_000;
const RETRY_UNREADABLE_MS = 60_000;

/**
 * Puts deferred messages back into their queues when they are due. Every consuming broker runs one, over all queues,
 * so a message comes back on time whoever deferred it, as long as one of them lives.
 */
export class DelayedMover {
  readonly #context: RedisContext;
  readonly #onMoved: () => void;
  #timer: Timer | undefined;
  #firesAtMs = Number.POSITIVE_INFINITY;
  #moving = false;
  #running = false;

  constructor(context: RedisContext, onMoved: () => void) {
    this.#context = context;
    this.#onMoved = onMoved;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#arm(0);
  }

  /** A message of this process is due in so many ms. */
  expect(waitMs: number): void {
    if (this.#running) this.#arm(waitMs);
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  #arm(waitMs: number): void {
    const { clock } = this.#context;
    const at = clock.monotonicMs() + Math.min(waitMs, LOOK_EVERY_MS);
    if (at >= this.#firesAtMs) return;
    this.#timer?.cancel();
    this.#firesAtMs = at;
    this.#timer = clock.after(at - clock.monotonicMs(), () => {
      this.#firesAtMs = Number.POSITIVE_INFINITY;
      void this.#move();
    });
  }

  async #move(): Promise<void> {
    if (this.#moving || !this.#running) return;
    this.#moving = true;
    let waitMs = LOOK_EVERY_MS;
    try {
      waitMs = await this.#moveDue();
    } catch (error) {
      // A lost connection has told of itself already. Both are tried again.
      if (failureKind(error) === 'refused')
        this.#context.log.error(`Redis refused to move deferred messages: ${refusalReason(error)}`);
    }
    this.#moving = false;
    if (this.#running) this.#arm(waitMs);
  }

  async #moveDue(): Promise<number> {
    const { link, keys } = this.#context;
    for (;;) {
      const answer = await link.run((client) =>
        runScript(client, MOVE_DUE, [keys.delayed, keys.delayedMessages], [AT_A_TIME, RETRY_UNREADABLE_MS]),
      );
      const [moved, waitMs] = (Array.isArray(answer) ? answer : []).map(Number);
      if (moved !== undefined && moved > 0) this.#onMoved();
      if (moved !== AT_A_TIME) return waitMs === undefined || waitMs < 0 ? LOOK_EVERY_MS : waitMs;
    }
  }
}
