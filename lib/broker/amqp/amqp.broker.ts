import { BrokerClosedError, BrokerUnavailableError, CeleryError, InvalidOptionError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import { sleep } from '../../runtime/clock.js';
import { withDeadline } from '../../runtime/deadline.js';
import type {
  Broker,
  BrokerSupport,
  ConsumeOptions,
  PublishOptions,
  PublishTarget,
  QueueMeasures,
  Subscription,
} from '../broker.js';
import type { BrokerSettings } from '../broker.options.js';
import type { QueueDeclaration } from '../topology.js';
import { readAmqpAddress } from './amqp.address.js';
import { AmqpConnection } from './amqp.connection.js';
import type { AmqpContext } from './amqp.context.js';
import { Deferrals } from './amqp.deferrals.js';
import { NOT_FOUND, refusal, replyCode } from './amqp.failures.js';
import { HoldingBack } from './amqp.holding.js';
import { readAmqpOptions } from './amqp.options.js';
import { OutageLog } from './amqp.outage.js';
import { AmqpPublisher } from './amqp.publisher.js';
import type { AmqpSession } from './amqp.session.js';
import { AmqpSubscription } from './amqp.subscription.js';

/** For what `close` still wants from a server that may not answer. */
const CLOSE_LIMIT_MS = 5_000;
/** A RabbitMQ that has not answered before gets so long. */
const UNHEARD_LIMIT_MS = 500;
/** Before a question without an answer is asked again. */
const REPEAT_MS = 100;

/**
 * RabbitMQ, with Celery's queues and exchanges. One connection publishes and one consumes: a broker short of memory stops
 * reading from those that publish, and work must go on being acknowledged. Needs RabbitMQ 3.8 or newer; quorum queues for
 * deferred messages, the default, need 3.10.
 */
export class AmqpBroker implements Broker {
  readonly transport = 'amqp';
  readonly url: string;
  readonly supports: BrokerSupport = Object.freeze({
    priority: 'high-first',
    deferResolutionMs: 1000,
    holdsBack: true,
    prefetchPerQueue: true,
    heedsRoom: false,
    deadLetter: true,
    // Quorum queues count, and their deliveries say so; classic queues do not.
    deliveryCount: false,
    eventExchange: 'topic',
  });
  readonly #settings: BrokerSettings;
  readonly #context: AmqpContext;
  readonly #publishing: AmqpConnection;
  readonly #consuming: AmqpConnection;
  readonly #publisher: AmqpPublisher;
  readonly #deferrals: Deferrals;
  readonly #holding: HoldingBack;
  readonly #subscriptions = new Set<AmqpSubscription>();
  /** Serves a worker, or who waits for answers. */
  #hasConsumed = false;
  #closing: Promise<void> | undefined;

  /** Does not connect yet. @throws InvalidOptionError for URLs and `brokerTransportOptions` that cannot be used */
  static open(settings: BrokerSettings): AmqpBroker {
    return new AmqpBroker(settings);
  }

  private constructor(settings: BrokerSettings) {
    const addresses = settings.urls.map(readAmqpAddress);
    if (addresses.length === 0) throw new InvalidOptionError('broker', 'expected a URL, as amqp://localhost');
    const { clock, log } = settings;
    this.#settings = settings;
    this.url = addresses.map((address) => address.shown).join(';');
    this.#context = {
      url: this.url,
      config: readAmqpOptions(settings.transportOptions),
      clock,
      log,
      exchangeTypes: new Map(),
    };
    const outages = new OutageLog(this.url, clock, log);
    const connection = (name: string, onUp: (session: AmqpSession) => void): AmqpConnection =>
      new AmqpConnection({ name, addresses, settings, context: this.#context, outages, onUp });
    this.#publishing = connection('publish', (session) => this.#publisher.use(session));
    this.#consuming = connection('consume', () => undefined);
    this.#publisher = new AmqpPublisher(this.#publishing, this.#context);
    this.#deferrals = new Deferrals(this.#publisher, clock, settings.publishTimeoutMs);
    this.#holding = new HoldingBack(this.#publisher, this.#context);
  }

  get connected(): boolean {
    const used = [this.#publishing, this.#consuming].filter((connection) => connection.started);
    return (
      this.#closing === undefined &&
      used.length > 0 &&
      used.every((connection) => connection.session !== undefined)
    );
  }

  async connect({ failFast = false }: { readonly failFast?: boolean } = {}): Promise<void> {
    this.#refuseClosed();
    try {
      const session = failFast ? await this.#publishing.whenUpOrRefused() : await this.#publishing.whenUp();
      if (session !== undefined) return;
    } catch (error) {
      throw new BrokerUnavailableError(this.url, error);
    }
    throw new BrokerClosedError(this.url);
  }

  async declareQueue(queue: QueueDeclaration): Promise<void> {
    // An exclusive queue belongs to the connection that declared it, which must be the one to consume it.
    const connection = queue.exclusive ? this.#consuming : this.#publishing;
    await this.#ask(connection, async (session) => session.topology.declare(queue));
  }

  async unbind(queue: QueueDeclaration): Promise<void> {
    const { name, exchange, routingKey, bindings } = queue;
    if (exchange === undefined) return;
    await this.#ask(queue.exclusive ? this.#consuming : this.#publishing, async ({ topology, admin }) => {
      topology.forget(name);
      await admin
        .run(async (channel) => {
          for (const key of [routingKey, ...bindings]) await channel.unbindQueue(name, exchange.name, key);
        })
        .catch((error: unknown) => {
          throw refusal(`queue ${JSON.stringify(name)}`, 'unbind', error) ?? error;
        });
    });
  }

  publish(target: PublishTarget, message: WireMessage, options?: PublishOptions): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new BrokerClosedError(this.url));
    const limitMs = options?.deadlineMs ?? this.#settings.publishTimeoutMs;
    const held = this.#holding.publish(target, message, options?.notBeforeMs, limitMs);
    return held ?? this.#publisher.publish(target, message, limitMs);
  }

  async consume(queues: readonly QueueDeclaration[], options: ConsumeOptions): Promise<Subscription> {
    this.#refuseClosed();
    this.#hasConsumed = true;
    const parts = { connection: this.#consuming, context: this.#context, deferrals: this.#deferrals };
    const subscription = new AmqpSubscription(options, parts, () => this.#subscriptions.delete(subscription));
    this.#subscriptions.add(subscription);
    await subscription.open(queues);
    return subscription;
  }

  async purge(queue: string): Promise<number> {
    return this.#askAbout(queue, 'purge', 0, (session) =>
      session.admin.run(async (channel) => (await channel.purgeQueue(queue)).messageCount),
    );
  }

  async size(queue: string): Promise<number> {
    return (await this.measure(queue)).ready;
  }

  async measure(queue: string): Promise<QueueMeasures> {
    // There is no looking at a message that leaves it as it was: given back, it would count as redelivered.
    const untold = { unacked: undefined, oldestSentMs: undefined };
    const unknown = { ...untold, ready: 0, consumers: 0 };
    return this.#askAbout(queue, 'count', unknown, (session) =>
      session.admin.run(async (channel) => {
        const { messageCount, consumerCount } = await channel.checkQueue(queue);
        return { ...untold, ready: messageCount, consumers: consumerCount };
      }),
    );
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const each = (
      work: (subscription: AmqpSubscription) => Promise<void>,
      limitMs = CLOSE_LIMIT_MS,
    ): Promise<unknown> => this.#bounded(Promise.all([...this.#subscriptions].map(work)), limitMs);
    await each((subscription) => subscription.cancel());
    // These end by deadlines of their own, for which a worker does not wait where RabbitMQ is away.
    const isAway = this.#hasConsumed && (this.#consuming.session?.unheard ?? true);
    const drained = this.#publisher.drained().then(() => this.#deferrals.drained());
    await (isAway ? this.#bounded(drained, UNHEARD_LIMIT_MS) : drained);
    this.#publisher.close();
    const unheard = this.#consuming.session?.unheard === true;
    // The end of its connection gives back the same.
    await each((subscription) => subscription.close(), unheard ? UNHEARD_LIMIT_MS : CLOSE_LIMIT_MS);
    await this.#bounded(Promise.all([this.#consuming.close(unheard), this.#publishing.close(unheard)]));
  }

  async #bounded(work: Promise<unknown>, limitMs = CLOSE_LIMIT_MS): Promise<void> {
    const late = (): Error => new Error('no answer');
    await withDeadline(this.#settings.clock, limitMs, work, late).catch(() => undefined);
  }

  /** Nothing waits in a queue that does not exist. */
  async #askAbout<T>(
    queue: string,
    action: string,
    unknown: T,
    work: (session: AmqpSession) => Promise<T>,
  ): Promise<T> {
    return this.#ask(this.#consuming, (session) =>
      work(session).catch((error: unknown) => {
        if (replyCode(error) === NOT_FOUND) return unknown;
        throw refusal(`queue ${JSON.stringify(queue)}`, action, error) ?? error;
      }),
    );
  }

  /** Waits for the connection and asks, again if it was lost meanwhile, until the time for a publish is over. */
  async #ask<T>(connection: AmqpConnection, work: (session: AmqpSession) => Promise<T>): Promise<T> {
    this.#refuseClosed();
    const { clock, publishTimeoutMs } = this.#settings;
    const deadlineMs = clock.monotonicMs() + publishTimeoutMs;
    let reason: unknown;
    for (;;) {
      const leftMs = Math.max(0, deadlineMs - clock.monotonicMs());
      const session = await connection.whenUp(leftMs);
      if (this.#closing !== undefined) throw new BrokerClosedError(this.url);
      if (session === undefined) throw new BrokerUnavailableError(this.url, reason ?? connection.lastError);
      const late = (): Error =>
        new BrokerUnavailableError(this.url, new Error(`no answer within ${publishTimeoutMs} ms`));
      try {
        return await withDeadline(clock, leftMs, work(session), late);
      } catch (error) {
        if (error instanceof CeleryError) throw error;
        reason = error;
        await sleep(clock, REPEAT_MS);
      }
    }
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new BrokerClosedError(this.url);
  }
}
