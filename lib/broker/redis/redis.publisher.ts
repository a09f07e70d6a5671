import { randomUUID } from 'node:crypto';
import { CeleryError, PublishError, UnroutableError } from '../../errors.js';
import { withDeadline } from '../../runtime/deadline.js';
import type { WireMessage } from '../../message/wire-message.js';
import type { ListElement, PublishTarget } from '../broker.js';
import type { RedisContext } from './redis.context.js';
import { encodeEnvelope } from './redis.envelope.js';
import { failureKind, refusalReason } from '../../redis/redis.failures.js';
import { Outbox } from '../../redis/redis.outbox.js';
import type { RedisTopology } from './redis.topology.js';

interface Posting {
  readonly target: string;
  readonly kind: 'list' | 'channel';
  readonly key: string;
  readonly text: string;
}

/** Publishes under way at most while Redis answers; a caller far ahead of it would only fill memory. */
const MOST_UNDER_WAY = 200_000;

/** Writes messages into lists and channels, many in one round trip. */
export class RedisPublisher {
  readonly #context: RedisContext;
  readonly #topology: RedisTopology;
  readonly #outbox: Outbox<Posting, true>;
  readonly #onPushed: (list: string) => void;
  /** Publishes under way, but for those that may go unheard. */
  #owed = 0;
  readonly #emptied: (() => void)[] = [];

  /** @param onPushed called with every list that got a message */
  constructor(context: RedisContext, topology: RedisTopology, onPushed: (list: string) => void) {
    this.#context = context;
    this.#topology = topology;
    this.#onPushed = onPushed;
    this.#outbox = new Outbox<Posting, true>({
      clock: context.clock,
      ready: () => context.link.up,
      send: (postings) => this.#send(postings),
      // Pushing twice would make two messages.
      repeatable: false,
      late: ({ target }, sent) =>
        new PublishError(
          target,
          sent,
          sent ? 'Redis did not answer in time' : 'there was no connection to Redis in time',
        ),
      weigh: ({ text }) => text.length,
      maxItems: 256,
      maxWeight: 1 << 20,
      window: 4,
    });
  }

  async publish(target: PublishTarget, message: WireMessage, limitMs: number): Promise<void> {
    if (target.mayGoUnheard === true) return this.#publish(target, message, limitMs);
    this.#owed += 1;
    try {
      await this.#publish(target, message, limitMs);
    } finally {
      this.#owed -= 1;
      if (this.#owed === 0) for (const resolve of this.#emptied.splice(0)) resolve();
    }
  }

  async #publish(target: PublishTarget, message: WireMessage, limitMs: number): Promise<void> {
    const { link, config, clock } = this.#context;
    const limit = link.up ? MOST_UNDER_WAY : config.maxWaitingPublishes;
    if (this.#outbox.waiting >= limit) {
      throw new PublishError(shownTarget(target), false, `${limit} publishes are waiting for Redis already`);
    }
    const deadline = clock.monotonicMs() + limitMs;
    await this.#post(target, message, limitMs, (posting) =>
      this.#outbox.add(posting, Math.max(0, deadline - clock.monotonicMs())),
    );
  }

  /** What `publish` would write, for a script that does more in the same step; undefined for a channel. */
  async postings(
    target: PublishTarget,
    message: WireMessage,
    limitMs: number,
  ): Promise<readonly ListElement[] | undefined> {
    const postings = await this.#post(target, message, limitMs, (posting) => posting);
    if (postings.some(({ kind }) => kind === 'channel')) return undefined;
    return postings.map(({ key, text }) => ({ list: key, text }));
  }

  /**
   * Makes the queue exist and hands over what is to be written, without waiting for anything where nothing must be
   * asked first: publishes keep their order, and those that wait are counted.
   */
  async #post<T>(
    target: PublishTarget,
    message: WireMessage,
    limitMs: number,
    handOver: (posting: Posting) => T | Promise<T>,
  ): Promise<T[]> {
    const { keys, clock } = this.#context;
    const { exchange, routingKey, queue } = target;
    const shown = shownTarget(target);
    this.#topology.learn(target.exchangeDeclaration);
    const deadline = clock.monotonicMs() + limitMs;
    const leftMs = (): number => Math.max(0, deadline - clock.monotonicMs());
    const envelope = encodeEnvelope(message, exchange, routingKey);
    try {
      if (queue !== undefined && !queue.consumerOnly && !this.#topology.knows(queue)) {
        await this.#whenUp(shown, leftMs(), () => this.#topology.declare(queue));
      }
      const step = keys.stepOf(message.properties.priority);
      const post = (kind: Posting['kind'], key: string): T | Promise<T> =>
        handOver({ target: shown, kind, key, text: envelope(randomUUID()) });

      if (exchange === '') return [await post('list', keys.list(routingKey, step))];
      if (this.#topology.typeOf(exchange) === 'fanout')
        return [await post('channel', keys.channel(exchange, routingKey))];
      const queues = await this.#whenUp(shown, leftMs(), () => this.#topology.queuesOf(exchange, routingKey));
      if (queues.length === 0) throw new UnroutableError(shown);
      return await Promise.all(queues.map((name) => post('list', keys.list(name, step))));
    } catch (error) {
      if (error instanceof CeleryError) throw error;
      throw asPublishError(shown, error);
    }
  }

  wake(): void {
    this.#outbox.wake();
  }

  /** Resolves when every publish has settled, but for those that may go unheard. */
  drained(): Promise<void> {
    if (this.#owed === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** After `drained`. What is left is not waited for. */
  close(): void {
    this.#outbox.giveUp();
  }

  /** Nothing has been sent of the message yet, so what fails here may be tried until the deadline. */
  async #whenUp<T>(shown: string, limitMs: number, work: () => Promise<T>): Promise<T> {
    const { clock, link } = this.#context;
    const deadline = clock.monotonicMs() + limitMs;
    const late = (): Error =>
      new PublishError(shown, false, 'there was no working connection to Redis in time');
    while (await link.whenUp(Math.max(0, deadline - clock.monotonicMs()))) {
      try {
        return await withDeadline(clock, deadline - clock.monotonicMs(), work(), late);
      } catch (error) {
        if (error instanceof CeleryError || failureKind(error) === 'refused') throw error;
      }
    }
    throw late();
  }

  async #send(postings: readonly Posting[]): Promise<(true | Error)[]> {
    const { link } = this.#context;
    const lists = new Map<string, string[]>();
    for (const { kind, key, text } of postings) {
      if (kind !== 'list') continue;
      const texts = lists.get(key);
      if (texts === undefined) lists.set(key, [text]);
      else texts.push(text);
    }
    const settled = (work: Promise<unknown>): Promise<true | Error> =>
      work.then(
        () => true,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      );
    const pushes = new Map(
      [...lists].map(([key, texts]) => [key, settled(link.run((client) => client.lpush(key, ...texts)))]),
    );
    const outcomes = await Promise.all(
      postings.map(({ kind, key, text }) =>
        kind === 'channel'
          ? settled(link.run((client) => client.publish(key, text)))
          : (pushes.get(key) ?? Promise.resolve(true as const)),
      ),
    );
    for (const [key, pushed] of pushes) if ((await pushed) === true) this.#onPushed(key);
    return outcomes;
  }
}

function shownTarget({ exchange, routingKey }: PublishTarget): string {
  return exchange === '' ? `queue ${routingKey}` : `exchange ${exchange} with key ${routingKey}`;
}

function asPublishError(target: string, error: unknown): PublishError {
  if (failureKind(error) === 'refused') return new PublishError(target, false, refusalReason(error), error);
  return new PublishError(target, true, 'the connection to Redis ended before it answered', error);
}
