import type { Timer } from '../../runtime/clock.js';
import type { RedisContext } from './redis.context.js';
import type { RedisLink } from '../../redis/redis.link.js';

/** One wait on the server. Redis ends it; if it does not, the connection is thrown away after the margin. */
const BLOCK_SECONDS = 5;
const BLOCK_MARGIN_MS = 2_000;
const FIRST_POLL_MS = 20;

/**
 * Tells a claimer that found nothing when to look again: the moment a message arrives in the main list of a queue, by a
 * blocking move of a list's last element onto itself, which takes nothing away; and for the other lists, and queues
 * beyond the number of connections, after a short pause that grows while nothing comes.
 */
export class Wakeup {
  readonly #context: RedisContext;
  readonly #look: () => void;
  readonly #watchers = new Map<string, Watcher>();
  #poll: Timer | undefined;
  #pauseMs = FIRST_POLL_MS;
  #armed = false;

  constructor(context: RedisContext, look: () => void) {
    this.#context = context;
    this.#look = look;
  }

  setQueues(queues: readonly string[]): void {
    const watched = new Set(queues.slice(0, this.#context.config.blockingConnections));
    for (const [queue, watcher] of this.#watchers) {
      if (watched.has(queue)) continue;
      watcher.close();
      this.#watchers.delete(queue);
    }
    for (const queue of watched) {
      if (this.#watchers.has(queue)) continue;
      const list = this.#context.keys.list(queue, 0);
      this.#watchers.set(queue, new Watcher(this.#context, queue, list, () => this.wake()));
    }
  }

  /** The queues were empty: call `look` once when that may have changed. */
  arm(): void {
    this.#armed = true;
    // What has just been handed out goes first: its results are waited for.
    setImmediate(() => {
      if (this.#armed) for (const watcher of this.#watchers.values()) watcher.watch();
    });
    this.#poll?.cancel();
    this.#poll = this.#context.clock.after(this.#pauseMs, () => this.#fire());
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#context.config.pollingInterval);
  }

  /** There was something: look often again. */
  busy(): void {
    this.disarm();
    this.#pauseMs = Math.min(FIRST_POLL_MS, this.#context.config.pollingInterval);
  }

  disarm(): void {
    this.#armed = false;
    this.#poll?.cancel();
  }

  wake(): void {
    if (this.#armed) this.#fire();
  }

  close(): void {
    this.disarm();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #fire(): void {
    this.disarm();
    this.#look();
  }
}

/** Waits on the main list of one queue, over a connection of its own. */
class Watcher {
  readonly #context: RedisContext;
  readonly #link: RedisLink;
  readonly #list: string;
  readonly #arrived: () => void;
  #watching = false;
  #wanted = false;
  #closed = false;

  constructor(context: RedisContext, queue: string, list: string, arrived: () => void) {
    this.#context = context;
    this.#list = list;
    this.#arrived = arrived;
    this.#link = context.openLink(`waiting on ${queue}`);
    this.#link.start();
  }

  watch(): void {
    this.#wanted = true;
    if (!this.#watching) void this.#wait();
  }

  close(): void {
    this.#closed = true;
    this.#link.close();
  }

  async #wait(): Promise<void> {
    this.#watching = true;
    while (this.#wanted && !this.#closed && (await this.#link.whenUp())) {
      try {
        const found = await this.#link.run(
          (client) => client.blmoveBuffer(this.#list, this.#list, 'RIGHT', 'RIGHT', BLOCK_SECONDS),
          BLOCK_SECONDS * 1000 + BLOCK_MARGIN_MS,
        );
        if (found === null) continue;
        this.#wanted = false;
        this.#arrived();
      } catch {
        // A lost connection comes back by itself; a refusal (the key is no list) must not become a storm.
        if (this.#link.up) await new Promise<void>((resolve) => this.#context.clock.after(1_000, resolve));
      }
    }
    this.#watching = false;
  }
}
