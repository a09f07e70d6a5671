import type { Timer } from '../../runtime/clock.js';
import type { RedisClient } from '../../redis/redis.client.js';
import type { RedisContext } from './redis.context.js';
import type { RedisLink } from '../../redis/redis.link.js';

type Listener = (message: Buffer, channel: string) => void;

/**
 * Channels this process listens to, over one connection of its own, subscribed again whenever that comes back.
 * Redis keeps nothing: what is published while the connection is away is not heard.
 */
export class FanoutListener {
  readonly #context: RedisContext;
  readonly #pingEveryMs: number;
  readonly #patterns = new Map<string, Set<Listener>>();
  #link: RedisLink | undefined;
  #ping: Timer | undefined;
  #closed = false;

  /** @param pingEveryMs 0: never */
  constructor(context: RedisContext, pingEveryMs: number) {
    this.#context = context;
    this.#pingEveryMs = pingEveryMs;
  }

  /** Resolves when the subscription stands. */
  async listen(pattern: string, listener: Listener): Promise<void> {
    const listeners = this.#patterns.get(pattern) ?? new Set();
    listeners.add(listener);
    this.#patterns.set(pattern, listeners);
    const link = this.#start();
    while (!this.#closed && (await link.whenUp())) {
      try {
        await link.run((client) => client.psubscribe(pattern));
        return;
      } catch {
        if (link.up) throw new Error(`Redis refused to subscribe to ${pattern}`);
      }
    }
  }

  /** The listener hears nothing more from here on, whenever Redis learns of it. */
  unlisten(pattern: string, listener: Listener): void {
    const listeners = this.#patterns.get(pattern);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return;
    this.#patterns.delete(pattern);
    this.#link?.run((client) => client.punsubscribe(pattern)).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#ping?.cancel();
    this.#link?.close();
    this.#patterns.clear();
  }

  #start(): RedisLink {
    if (this.#link !== undefined) return this.#link;
    this.#link = this.#context.openLink('fanout', {
      prepare: (client) => this.#subscribeAll(client),
      onDown: () => this.#ping?.cancel(),
      onUp: () => this.#armPing(),
    });
    this.#link.start();
    return this.#link;
  }

  async #subscribeAll(client: RedisClient): Promise<void> {
    client.on('pmessageBuffer', (pattern: Buffer | string, channel: Buffer | string, message: Buffer) => {
      for (const listener of this.#patterns.get(String(pattern)) ?? []) listener(message, String(channel));
    });
    const patterns = [...this.#patterns.keys()];
    if (patterns.length > 0) await client.psubscribe(...patterns);
  }

  /** A listener sends nothing, so a dead connection would never be noticed without a question now and then. */
  #armPing(): void {
    this.#ping?.cancel();
    if (this.#pingEveryMs === 0) return;
    this.#ping = this.#context.clock.after(this.#pingEveryMs, () => {
      void this.#link
        ?.run((client) => client.ping())
        .then(() => this.#armPing())
        .catch(() => undefined);
    });
  }
}
