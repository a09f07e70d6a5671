import { failpoint } from '../../runtime/failpoint.js';
import type { Timer } from '../../runtime/clock.js';
import type { ConsumeOptions, Delivery, Settled, Sifted, Subscription, WhenToPutAway } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';
import { bindingKeys } from './redis.bindings.js';
import { Claims, type Claim } from './redis.claims.js';
import type { RedisContext } from './redis.context.js';
import { RedisDelivery } from './redis.delivery.js';
import { decodeEnvelope, type Envelope } from './redis.envelope.js';
import { failureKind, refusalReason } from '../../redis/redis.failures.js';
import { FanoutDelivery } from './redis.fanout-queue.js';
import type { FanoutListener } from './redis.fanout.js';
import type { Leases } from './redis.leases.js';
import { restore } from './redis.restore.js';
import type { Settlement, Settlements } from './redis.settlements.js';
import { Sifter } from './redis.sifter.js';
import { Wakeup } from './redis.wakeup.js';

export interface SubscriptionParts {
  readonly context: RedisContext;
  readonly leases: Leases;
  readonly settlements: Settlements;
  readonly fanout: FanoutListener;
  /** Unlike that of any other subscription of this broker. */
  readonly number: number;
  readonly declare: (queue: QueueDeclaration) => Promise<void>;
  /** The subscription has ended. */
  readonly onEnd: (subscription: RedisSubscription) => void;
}

const CLAIM_AT_A_TIME = 200;
const REFUSED_PAUSE_MS = 1_000;
const FANOUT_BUFFER = 10_000;
/** A Redis that is heard answers far sooner. */
const CANCEL_LIMIT_MS = 1_000;

/** Takes messages of several queues as places get free, and hands them out at once. One claim is under way at a time. */
export class RedisSubscription implements Subscription {
  readonly #parts: SubscriptionParts;
  readonly #options: ConsumeOptions;
  readonly #claims: Claims;
  readonly #sifter: Sifter;
  readonly #wakeup: Wakeup;
  /** In the order to be served next. */
  #queues: string[] = [];
  readonly #lists = new Set<string>();
  /** Broadcast queues by name, each with what ends its listening. */
  readonly #broadcasts = new Map<string, () => void>();
  readonly #heard: FanoutDelivery[] = [];
  readonly #lostQueues = new Set<string>();
  #prefetch: number;
  #out = 0;
  #claiming: Promise<void> | undefined;
  #scheduled = false;
  #dry = false;
  #cancelled = false;
  #pause: Timer | undefined;
  #deaf = false;

  constructor(parts: SubscriptionParts, options: ConsumeOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#prefetch = options.prefetch;
    this.#claims = new Claims(parts.context, parts.number);
    this.#sifter = new Sifter(parts.context, parts.number);
    this.#wakeup = new Wakeup(parts.context, () => this.#look());
  }

  get missing(): readonly string[] {
    return [...this.#lostQueues];
  }

  get unheard(): boolean {
    return this.#cancelled && !this.#parts.context.link.up;
  }

  /** A message was put into this list by this process. */
  pushed(list: string): void {
    if (this.#lists.has(list)) this.#wakeup.wake();
  }

  /** Something may have come, or the connection is back. */
  look(): void {
    if (!this.#cancelled) this.#look();
  }

  setPrefetch(prefetch: number): Promise<void> {
    this.#prefetch = prefetch;
    this.#handOutHeard();
    this.#schedule();
    return Promise.resolve();
  }

  async addQueue(queue: QueueDeclaration): Promise<void> {
    if (this.#cancelled || this.#queues.includes(queue.name) || this.#broadcasts.has(queue.name)) return;
    await this.#parts.declare(queue);
    if (this.#cancelled) return;
    if (queue.exchange?.type === 'fanout') return this.#listen(queue);
    this.#queues.push(queue.name);
    for (const list of this.#parts.context.keys.lists(queue.name)) this.#lists.add(list);
    this.#wakeup.setQueues(this.#queues);
    this.#look();
  }

  async removeQueue(name: string): Promise<void> {
    this.#broadcasts.get(name)?.();
    if (!this.#queues.includes(name)) return;
    this.#queues = this.#queues.filter((queue) => queue !== name);
    this.#lostQueues.delete(name);
    for (const list of this.#parts.context.keys.lists(name)) this.#lists.delete(list);
    this.#wakeup.setQueues(this.#queues);
    await this.#claiming;
  }

  async sift(queue: string, when: WhenToPutAway): Promise<Sifted> {
    const sifted: Sifted[] = [];
    for (const list of this.#parts.context.keys.lists(queue)) {
      if (this.#cancelled) break;
      sifted.push(await this.#sifter.sift(list, when));
    }
    return {
      looked: sifted.reduce((sum, { looked }) => sum + looked, 0),
      put: sifted.flatMap(({ put }) => put),
    };
  }

  async cancel(): Promise<void> {
    if (!this.#cancelled) {
      this.#cancelled = true;
      this.#wakeup.close();
      this.#pause?.cancel();
      this.#heard.length = 0;
      for (const unlisten of this.#broadcasts.values()) unlisten();
      this.#parts.onEnd(this);
    }
    const { link } = this.#parts.context;
    // The claim's answer may have been on its way before the server fell silent.
    const heard = link.run((client) => client.ping());
    await link.politely(Promise.all([this.#claiming, heard]), CANCEL_LIMIT_MS);
  }

  #look(): void {
    this.#dry = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#claiming !== undefined || this.#dry || this.#cancelled) return;
    this.#scheduled = true;
    // Places that get free in one turn of the event loop are filled by one claim.
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#claiming !== undefined || this.#cancelled || !this.#parts.context.link.up) return;
      if (this.#free() <= 0 || this.#queues.length === 0) return;
      this.#claiming = this.#claim().finally(() => {
        this.#claiming = undefined;
        this.#schedule();
      });
    });
  }

  #free(): number {
    const places = this.#prefetch === 0 ? CLAIM_AT_A_TIME : this.#prefetch - this.#out;
    return Math.min(CLAIM_AT_A_TIME, places, this.#options.room?.() ?? CLAIM_AT_A_TIME);
  }

  async #claim(): Promise<void> {
    const want = this.#free();
    const queues = this.#inOrder();
    try {
      const { claims, unreadable } = await this.#claims.take(queues, want);
      this.#tellUnreadable(queues, unreadable);
      if (claims.length < want) this.#rest();
      else this.#wakeup.busy();
      if (claims.length > 0) await this.#deal(claims);
    } catch (error) {
      // A lost connection calls `look` when it is back.
      if (failureKind(error) !== 'refused') return;
      this.#parts.context.log.error(`Redis refused to hand out messages: ${refusalReason(error)}`);
      this.#dry = true;
      this.#pause = this.#parts.context.clock.after(REFUSED_PAUSE_MS, () => this.#look());
    }
  }

  #inOrder(): readonly string[] {
    return this.#parts.context.config.queueOrderStrategy === 'sorted'
      ? this.#queues.toSorted()
      : this.#queues;
  }

  /** Found less than wanted: the queues are empty, until the wake-up says otherwise. */
  #rest(): void {
    if (this.#cancelled) return;
    this.#dry = true;
    this.#wakeup.arm();
  }

  async #deal(claims: readonly Claim[]): Promise<void> {
    if (claims.length > 0) void failpoint('claimed');
    const unwanted: Claim[] = [];
    const served = new Set<string>();
    for (const claim of claims) {
      served.add(claim.queue);
      // `onDelivery` may cancel, or take a queue away.
      if (this.#cancelled || !this.#queues.includes(claim.queue)) unwanted.push(claim);
      else this.#handOut(claim);
    }
    if (this.#parts.context.config.queueOrderStrategy === 'round_robin' && this.#queues.length > 1) {
      this.#queues = [
        ...this.#queues.filter((queue) => !served.has(queue)),
        ...this.#queues.filter((queue) => served.has(queue)),
      ];
    }
    // The last taken goes back first, so that the first stands in front again.
    if (unwanted.length > 0) {
      await restore(this.#parts.context, 'front', unwanted.toReversed()).catch(() => undefined);
    }
  }

  #handOut(claim: Claim): void {
    const { leases, settlements } = this.#parts;
    const held = leases.hold(claim.tag, claim.list, claim.suffixBytes, claim.askedAtMs);
    const settle = (settlement: Settlement): Promise<Settled> => {
      const settled = settlements.settle(settlement);
      this.#out -= 1;
      this.#schedule();
      return settled;
    };
    this.#out += 1;
    const delivery = new RedisDelivery(decodeEnvelope(claim.raw), claim.queue, held, settle);
    if (this.#options.noAck === true) void delivery.ack();
    this.#give(delivery);
  }

  #give(delivery: Delivery): void {
    try {
      this.#options.onDelivery(delivery);
    } catch (error) {
      this.#parts.context.log.error(`A delivery of ${delivery.queue} was not taken: ${String(error)}`);
      void delivery.requeue();
    }
  }

  #tellUnreadable(queues: readonly string[], lists: readonly string[]): void {
    const { keys } = this.#parts.context;
    for (const queue of queues) {
      const list = keys.lists(queue).find((each) => lists.includes(each));
      if (list === undefined) this.#lostQueues.delete(queue);
      else if (!this.#lostQueues.has(queue)) {
        this.#lostQueues.add(queue);
        this.#options.onQueueLost?.(queue, new Error(`Redis key ${JSON.stringify(list)} is not a list`));
      }
    }
  }

  async #listen(queue: QueueDeclaration): Promise<void> {
    const { context, fanout } = this.#parts;
    const exchange = queue.exchange?.name ?? '';
    const hear = (raw: Buffer): void => this.#hear(queue.name, raw);
    const patterns = bindingKeys(queue).map((key) => context.keys.channelPattern(exchange, key));
    this.#broadcasts.set(queue.name, () => {
      this.#broadcasts.delete(queue.name);
      for (const pattern of patterns) fanout.unlisten(pattern, hear);
    });
    await Promise.all(patterns.map((pattern) => fanout.listen(pattern, hear)));
  }

  #hear(queue: string, raw: Buffer): void {
    if (this.#heard.length >= FANOUT_BUFFER) {
      if (!this.#deaf)
        this.#parts.context.log.warn(
          `Broadcasts of ${queue} come faster than they are worked off; some are dropped.`,
        );
      this.#deaf = true;
      return;
    }
    if (this.#heard.length === 0) this.#deaf = false;
    const done = (again: FanoutDelivery | undefined, afterMs: number): void => {
      this.#out -= 1;
      if (again !== undefined) this.#parts.context.clock.after(afterMs, () => this.#hearAgain(again));
      this.#handOutHeard();
      this.#schedule();
    };
    const read = (): Envelope => decodeEnvelope(raw);
    this.#heard.push(new FanoutDelivery(read, queue, 0, this.#parts.context.clock, done));
    this.#handOutHeard();
  }

  #hearAgain(delivery: FanoutDelivery): void {
    if (this.#cancelled) return;
    this.#heard.push(delivery);
    this.#handOutHeard();
  }

  #handOutHeard(): void {
    while (!this.#cancelled && this.#free() > 0) {
      const delivery = this.#heard.shift();
      if (delivery === undefined) return;
      this.#out += 1;
      if (this.#options.noAck === true) void delivery.ack();
      this.#give(delivery);
    }
  }
}
