import { ChurnMap } from '../../runtime/churn.map.js';
import type { Timer } from '../../runtime/clock.js';
import { runScript } from '../../redis/redis.script.js';
import type { RedisContext } from './redis.context.js';
import { RENEW } from './redis.scripts.js';

/** One message this process holds. */
export class Held {
  /** Asked to be settled: when the lease is found gone, that is why. */
  settling = false;
  /** An acknowledgement of it was sent, and its answer has been lost. */
  ackUnheard = false;
  #lost = false;
  #abort: AbortController | undefined;

  constructor(
    readonly tag: string,
    /** The list it came from. */
    readonly list: string,
    /** Length of what follows the message in the held text. */
    readonly suffixBytes: number,
    /** End of the lease as far as this process knows, monotonic ms. */
    public untilMs: number,
  ) {}

  get lost(): boolean {
    return this.#lost;
  }

  /** Made on first use: most deliveries are never watched. */
  get lostSignal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#lost) this.#abort.abort(lostReason());
    return this.#abort.signal;
  }

  lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#abort?.abort(lostReason());
  }
}

function lostReason(): Error {
  return new Error('The lease on this message is lost: another worker may run it too.');
}

const RENEW_AT_A_TIME = 1_000;

/**
 * The leases of all messages this process holds, renewed together every third of their length until they are settled:
 * while tasks run, while settlements wait for a connection, and while the broker closes.
 */
export class Leases {
  readonly #context: RedisContext;
  readonly #held = new ChurnMap<string, Held>();
  #timer: Timer | undefined;
  #renewing = false;
  /** Once more as soon as the renewal under way has ended. */
  #again = false;
  #stopped = false;

  constructor(context: RedisContext) {
    this.#context = context;
  }

  /** @param askedAtMs when the claim was sent, monotonic: the lease cannot have begun earlier */
  hold(tag: string, list: string, suffixBytes: number, askedAtMs: number): Held {
    const held = new Held(tag, list, suffixBytes, askedAtMs + this.#context.config.leaseTimeout);
    this.#held.set(tag, held);
    if (this.#timer === undefined) this.#arm(this.#context.config.leaseTimeout / 3);
    return held;
  }

  release(held: Held): void {
    this.#held.delete(held.tag);
  }

  /** In the order they were claimed. */
  all(): Held[] {
    return [...this.#held.values()];
  }

  /** After a connection came back: the server may have been away for long. */
  renewSoon(): void {
    if (this.#renewing) this.#again = true;
    else if (this.#held.size > 0) this.#arm(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(afterMs: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#context.clock.after(afterMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { leaseTimeout } = this.#context.config;
    this.#renewing = true;
    this.#again = false;
    const all = this.all();
    let renewed = true;
    for (let from = 0; from < all.length; from += RENEW_AT_A_TIME) {
      renewed = (await this.#renewSome(all.slice(from, from + RENEW_AT_A_TIME))) && renewed;
    }
    if (!renewed) this.#loseOverdue();
    this.#renewing = false;
    this.#timer = undefined;
    if (this.#held.size === 0) return;
    if (this.#again) this.#arm(0);
    else this.#arm(renewed ? leaseTimeout / 3 : Math.min(1_000, leaseTimeout / 10));
  }

  async #renewSome(some: readonly Held[]): Promise<boolean> {
    const { link, keys, clock, config } = this.#context;
    const askedAtMs = clock.monotonicMs();
    try {
      const lost = await link.run(
        (client) =>
          runScript(
            client,
            RENEW,
            [keys.unackedIndex, keys.leases],
            [config.leaseTimeout, ...some.map((held) => held.tag)],
          ),
        Math.min(config.socketTimeout, config.leaseTimeout / 3),
      );
      const gone = new Set(Array.isArray(lost) ? lost : []);
      some.forEach((held, index) => {
        if (!gone.has(index)) held.untilMs = askedAtMs + config.leaseTimeout;
        else if (this.#held.delete(held.tag) && !held.settling) held.lose();
      });
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Without an answer from the server, a lease past its end may be another worker's already. Nobody here works on it from
   * now on, so it is renewed no more: otherwise it would stay ours, unseen, until this process ends. What is being settled
   * is kept until the server has told.
   */
  #loseOverdue(): void {
    const now = this.#context.clock.monotonicMs();
    for (const held of this.#held.values()) {
      if (held.untilMs > now || held.settling) continue;
      this.#held.delete(held.tag);
      held.lose();
    }
  }
}
