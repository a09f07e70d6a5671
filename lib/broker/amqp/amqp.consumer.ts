import type { Channel, ConsumeMessage } from 'amqplib';
import { BrokerClosedError, BrokerRefusedError, CeleryError } from '../../errors.js';
import { reconnectDelayMs } from '../../runtime/backoff.js';
import { sleep } from '../../runtime/clock.js';
import type { ConsumeOptions } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';
import { readArrival } from './amqp.arrival.js';
import { DeliveryChannel } from './amqp.channel.js';
import type { AmqpConnection } from './amqp.connection.js';
import type { AmqpContext } from './amqp.context.js';
import type { Deferrals } from './amqp.deferrals.js';
import { AmqpDelivery, UnacknowledgedDelivery } from './amqp.delivery.js';
import { NoAnswerError, refusal } from './amqp.failures.js';
import { overdue } from './amqp.overdue.js';
import type { AmqpSession } from './amqp.session.js';
import { fit, type Window } from './amqp.windows.js';

export interface ConsumerParts {
  readonly connection: AmqpConnection;
  readonly context: AmqpContext;
  readonly deferrals: Deferrals;
}

/** Pauses between attempts to get back a queue that RabbitMQ refuses, each of which leaves a line in its log. */
const REFUSED = { firstMs: 500, capMs: 15_000 };
/** AMQP writes it with 16 bits. */
const LARGEST_PREFETCH = 65_535;
/** A RabbitMQ that is heard answers far sooner. */
const STOP_LIMIT_MS = 1_000;

/**
 * Consumes one queue on a channel of its own, so that what befalls this queue touches no other. Comes back after a lost
 * connection, a closed channel and a cancelled consumer, until it is stopped.
 */
export class QueueConsumer {
  readonly queue: QueueDeclaration;
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumerParts;
  readonly #stopped = new AbortController();
  /** Taken and not handed out: only after the prefetch became less, when old and new consumer hold too many together. */
  readonly #buffered: AmqpDelivery[] = [];
  readonly #counts: boolean;
  readonly #isSplit: boolean;
  #prefetch: number;
  #channel: DeliveryChannel | undefined;
  /** Its consumers at the server, the oldest first. */
  #standing: readonly Window[] = [];
  #tags = 0;
  #givenBack = 0;
  #stands = false;
  /** Ends the wait of `#run` for something to happen; without a reason the connection has ended. */
  #loss: ((reason: Error | undefined) => void) | undefined;
  /** The last change of the running consumer. */
  #change: Promise<unknown> = Promise.resolve();

  constructor(queue: QueueDeclaration, options: ConsumeOptions, prefetch: number, parts: ConsumerParts) {
    this.queue = queue;
    this.#options = options;
    this.#prefetch = prefetch;
    this.#parts = parts;
    this.#counts = queue.arguments['x-queue-type'] === 'quorum';
    this.#isSplit = queue.arguments['x-single-active-consumer'] !== true;
  }

  /** RabbitMQ hands out its messages now. */
  get stands(): boolean {
    return this.#stands;
  }

  /** Resolves when it stands; rejects when RabbitMQ refuses, and goes on trying all the same until stopped. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => void this.#run(resolve, reject));
  }

  /**
   * Per consumer and not per channel, as quorum queues know no other; so it takes another consumer. All together never hand
   * out more than the new number.
   */
  setPrefetch(prefetch: number): Promise<void> {
    if (prefetch === this.#prefetch || this.#options.noAck === true) return Promise.resolve();
    this.#prefetch = prefetch;
    return this.#changed(async (channel) => {
      const { stay, go, more } = fit(this.#standing, prefetch, this.#isSplit);
      this.#standing = stay;
      // The new one first: a queue that deletes itself with its last consumer must not be without one.
      if (more !== undefined) await this.#consume(channel, more);
      for (const { tag } of go) await channel.cancel(tag);
      this.#handOutBuffered();
    }).catch(() => undefined);
  }

  /** No delivery begins any more once this resolves; those that have begun can be settled. Safe to repeat. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const delivery of this.#buffered.splice(0)) this.#giveBack(delivery);
    const cancelled = this.#changed(async (open) => {
      for (const { tag } of this.#standing) await open.cancel(tag);
      // Whoever consumes next finds again what was given back: by then RabbitMQ has read it.
      if (this.#givenBack > 0) await open.prefetch(qosOf(this.#prefetch));
    });
    // What RabbitMQ sends until it has read this is given back, so that a stop need not wait for one that is not heard.
    await (this.#parts.connection.session?.politely(cancelled, STOP_LIMIT_MS) ??
      cancelled.catch(() => undefined));
    this.#channel?.closeWhenEmpty(this.#parts.context.clock);
  }

  /** Resolves, after `stop`, when nothing is held any more. */
  async gone(): Promise<void> {
    await this.#channel?.ended;
  }

  /** What is held goes back to the queue. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#channel?.close(this.#parts.context.clock);
  }

  async #run(stands: () => void, refused: (error: Error) => void): Promise<void> {
    const { connection, context } = this.#parts;
    const stopped = this.#stopped.signal;
    let stood = false;
    let missing = false;
    for (let failures = 0; ;) {
      const session = await connection.whenUp();
      if (session === undefined || stopped.aborted) return refused(new BrokerClosedError(context.url));
      try {
        const { over } = await this.#open(session);
        if (missing) context.log.log(`Queue ${JSON.stringify(this.queue.name)} is consumed again.`);
        missing = false;
        stood = true;
        failures = 0;
        this.#stands = true;
        stands();
        const reason = await over;
        this.#stands = false;
        if (stopped.aborted) return;
        if (reason === undefined) continue;
        missing = true;
        this.#options.onQueueLost?.(this.queue.name, reason);
      } catch (error) {
        if (error instanceof CeleryError) {
          // The first refusal is told to whoever started it, who decides what comes of it.
          if (!stood) refused(error);
          else if (!missing) this.#options.onQueueLost?.(this.queue.name, error);
          missing = true;
        } else if (!session.live) {
          // The connection makes the pauses.
          continue;
        }
      }
      await sleep(context.clock, reconnectDelayMs(failures, REFUSED), stopped);
      failures += 1;
    }
  }

  /** Resolves when it stands, to a promise of its end: the reason, or undefined when the connection ended. */
  async #open(session: AmqpSession): Promise<{ over: Promise<Error | undefined> }> {
    const entity = `queue ${JSON.stringify(this.queue.name)}`;
    try {
      await session.topology.declare(this.queue);
      const live = this.#channel?.live === true ? this.#channel : await this.#openChannel(session);
      const over = new Promise<Error | undefined>((resolve) => {
        this.#loss = resolve;
      });
      await this.#inTurn(async () => {
        // Stopped meanwhile: nobody would cancel this consumer.
        if (!this.#stopped.signal.aborted) await session.answered(this.#consumeAnew(live.channel));
      });
      if (this.#stopped.signal.aborted) live.closeWhenEmpty(this.#parts.context.clock);
      return { over };
    } catch (error) {
      session.topology.forget(this.queue.name);
      if (!(error instanceof NoAnswerError)) throw refusal(entity, 'consume', error) ?? error;
      // Its channel is stuck in that question, and is left to end by itself.
      void this.#channel?.close(this.#parts.context.clock);
      this.#channel = undefined;
      throw new BrokerRefusedError(
        `consume ${entity}`,
        `${error.message}; the queue may have no leader`,
        error,
      );
    }
  }

  async #openChannel(session: AmqpSession): Promise<DeliveryChannel> {
    const channel = await session.openChannel();
    this.#buffered.length = 0;
    this.#standing = [];
    const live = new DeliveryChannel(channel, () => {
      if (this.#buffered.length > 0) this.#handOutBuffered();
    });
    this.#channel = live;
    let reason: Error | undefined;
    channel.on('error', (error) => (reason = this.#named(error, live)));
    channel.on('close', () => {
      session.topology.forget(this.queue.name);
      // An abandoned channel may end long after another one has taken its place.
      if (this.#channel !== live) return;
      this.#loss?.(reason);
    });
    return live;
  }

  /** While what was held is still known. */
  #named(error: Error, { oldest }: DeliveryChannel): Error {
    const { name } = this.queue;
    return (
      overdue(name, error, oldest?.message) ??
      refusal(`queue ${JSON.stringify(name)}`, 'consume', error) ??
      error
    );
  }

  /** Where the server has ended one consumer, those beside it may stand. */
  async #consumeAnew(channel: Channel): Promise<void> {
    for (const { tag } of this.#standing) await channel.cancel(tag);
    this.#standing = [];
    await this.#consume(channel, this.#prefetch);
  }

  async #consume(channel: Channel, prefetch: number): Promise<void> {
    const live = this.#channel;
    if (live?.channel !== channel) return;
    const noAck = this.#options.noAck === true;
    if (!noAck) await channel.prefetch(qosOf(prefetch));
    const consumerTag = `${(this.#tags += 1)}`;
    const onMessage = (message: ConsumeMessage | null): void => this.#take(message, live);
    this.#standing = [...this.#standing, { tag: consumerTag, prefetch }];
    await channel.consume(this.queue.name, onMessage, { consumerTag, noAck });
  }

  /** Called by amqplib, which ends the channel over an exception. */
  #take(from: ConsumeMessage | null, live: DeliveryChannel): void {
    if (from === null) return this.#cancelled();
    const arrival = readArrival(from, this.queue.name, this.#counts);
    if (this.#options.noAck === true) {
      if (!this.#stopped.signal.aborted) this.#handOut(new UnacknowledgedDelivery(arrival, this.queue.name));
      return;
    }
    const tag = from.fields.deliveryTag;
    const delivery = new AmqpDelivery(arrival, this.queue.name, tag, live, this.#parts.deferrals);
    live.hold(tag, delivery);
    if (this.#stopped.signal.aborted) this.#giveBack(delivery);
    else if (this.#prefetch > 0 && live.held > this.#prefetch) this.#buffered.push(delivery);
    else this.#handOut(delivery);
  }

  #handOut(delivery: AmqpDelivery | UnacknowledgedDelivery): void {
    try {
      this.#options.onDelivery(delivery);
    } catch (error) {
      this.#parts.context.log.error(
        `A message of queue ${JSON.stringify(this.queue.name)} was not taken: ${String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    }
  }

  #handOutBuffered(): void {
    const live = this.#channel;
    while (live !== undefined && this.#buffered.length > 0) {
      if (this.#prefetch > 0 && live.held - this.#buffered.length >= this.#prefetch) return;
      const next = this.#buffered.shift();
      if (next !== undefined) this.#handOut(next);
    }
  }

  #giveBack(delivery: AmqpDelivery): void {
    this.#givenBack += 1;
    void delivery.requeue();
  }

  /** RabbitMQ has ended the consumer, mostly because the queue was deleted. What is held can still be settled. */
  #cancelled(): void {
    this.#parts.connection.session?.topology.forget(this.queue.name);
    this.#loss?.(new Error(`RabbitMQ ended its consumer: the queue was deleted or has moved`));
  }

  /** Works on the open channel. Rejects where there is none; when the work fails the channel is gone, and `#run` sees to it. */
  #changed(work: (channel: Channel) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const live = this.#channel;
      const session = this.#parts.connection.session;
      if (live?.live !== true || session === undefined) throw new Error('No channel is open');
      await session.answered(work(live.channel));
    });
  }

  /** What makes or ends a consumer, one after the other: two at once would leave a queue with both. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#change.then(work);
    this.#change = turn.catch(() => undefined);
    return turn;
  }
}

function qosOf(prefetch: number): number {
  return Math.min(prefetch, LARGEST_PREFETCH);
}
