import type { Settled } from '../broker.js';
import { Outbox } from '../../redis/redis.outbox.js';
import { failureKind } from '../../redis/redis.failures.js';
import { runScript } from '../../redis/redis.script.js';
import type { RedisContext } from './redis.context.js';
import type { Held, Leases } from './redis.leases.js';
import { restoreMarked } from './redis.restore.js';
import { ACK, DEFER } from './redis.scripts.js';

export type Settlement =
  | { readonly kind: 'ack' | 'requeue'; readonly held: Held }
  | { readonly kind: 'defer'; readonly held: Held; readonly dueMs: number };

/** A settlement without an answer by then counts as lost; the lease decides what becomes of the message. */
const SETTLE_LIMIT_MS = 30_000;

/** Settles deliveries, many in one round trip, and keeps them over a lost connection. */
export class Settlements {
  readonly #context: RedisContext;
  readonly #leases: Leases;
  readonly #outbox: Outbox<Settlement, Settled>;
  readonly #onDeferred: (waitMs: number) => void;
  #closed = false;

  constructor(context: RedisContext, leases: Leases, onDeferred: (waitMs: number) => void) {
    this.#context = context;
    this.#leases = leases;
    this.#onDeferred = onDeferred;
    this.#outbox = new Outbox<Settlement, Settled>({
      clock: context.clock,
      ready: () => context.link.up,
      send: (items) => this.#send(items),
      repeatable: true,
      late: () => 'lost',
      settled: (item, outcome) => this.#settled(item, outcome),
      weigh: () => 1,
      maxItems: 500,
      maxWeight: 500,
      window: 2,
    });
  }

  /** Never rejects. */
  settle(settlement: Settlement): Promise<Settled> {
    if (this.#closed) return Promise.resolve('lost');
    settlement.held.settling = true;
    return this.#outbox.add(settlement, SETTLE_LIMIT_MS);
  }

  #settled({ kind, held }: Settlement, outcome: Settled | Error): Settled {
    this.#leases.release(held);
    if (!(outcome instanceof Error)) return outcome;
    this.#context.log.error(`Redis refused to ${kind} a message: ${String(outcome)}`);
    return 'lost';
  }

  /** What is under way and every delivery from now on counts as lost: the broker gives them back. */
  close(): void {
    this.#closed = true;
    this.#outbox.giveUp();
  }

  wake(): void {
    this.#outbox.wake();
  }

  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  async #send(items: readonly Settlement[]): Promise<Settled[]> {
    const outcomes = new Map<Settlement, Settled>();
    const acked = items.filter((item) => item.kind === 'ack');
    const requeued = items.filter((item) => item.kind === 'requeue');
    const deferred = items.filter((item) => item.kind === 'defer');
    await Promise.all([
      acked.length > 0 && this.#ack(acked, outcomes),
      requeued.length > 0 && this.#requeue(requeued, outcomes),
      deferred.length > 0 && this.#defer(deferred, outcomes),
    ]);
    return items.map((item) => outcomes.get(item) ?? 'lost');
  }

  async #ack(items: readonly Settlement[], outcomes: Map<Settlement, Settled>): Promise<void> {
    const { link, keys } = this.#context;
    try {
      const lost = await link.run((client) =>
        runScript(
          client,
          ACK,
          [keys.unacked, keys.unackedIndex, keys.leases],
          items.map((item) => item.held.tag),
        ),
      );
      note(items, lost, outcomes);
    } catch (error) {
      if (failureKind(error) === 'unknown') for (const { held } of items) held.ackUnheard = true;
      throw error;
    }
    for (const item of items) if (this.#isOwnDoing(item)) outcomes.set(item, 'settled');
  }

  /** Sent once more after its answer was lost: nobody else may have taken it before its lease ended. */
  #isOwnDoing({ held }: Settlement): boolean {
    return held.ackUnheard && held.untilMs > this.#context.clock.monotonicMs();
  }

  async #requeue(items: readonly Settlement[], outcomes: Map<Settlement, Settled>): Promise<void> {
    const moved = await restoreMarked(
      this.#context,
      'back',
      items.map((item) => item.held),
    );
    items.forEach((item, index) => outcomes.set(item, moved[index] === true ? 'settled' : 'lost'));
  }

  async #defer(
    items: readonly Extract<Settlement, { kind: 'defer' }>[],
    outcomes: Map<Settlement, Settled>,
  ): Promise<void> {
    const { link, keys, clock } = this.#context;
    // A length of time, not an instant: this process's clock and the server's may differ.
    const waits = items.map((item) => Math.max(0, Math.ceil(item.dueMs - clock.now())));
    const lost = await link.run((client) =>
      runScript(
        client,
        DEFER,
        [keys.unacked, keys.unackedIndex, keys.leases, keys.delayed, keys.delayedMessages],
        items.flatMap(({ held }, index) => [held.tag, waits[index] ?? 0, held.suffixBytes, held.list]),
      ),
    );
    note(items, lost, outcomes);
    this.#onDeferred(Math.min(...waits));
  }
}

/** @param lost positions of the items that were ours no more */
function note(items: readonly Settlement[], lost: unknown, outcomes: Map<Settlement, Settled>): void {
  const gone = new Set(Array.isArray(lost) ? lost : []);
  items.forEach((item, index) => outcomes.set(item, gone.has(index) ? 'lost' : 'settled'));
}
