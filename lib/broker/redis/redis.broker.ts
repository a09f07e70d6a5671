import { randomUUID } from 'node:crypto';
import {
  BrokerClosedError,
  BrokerRefusedError,
  BrokerUnavailableError,
  InvalidOptionError,
} from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import { withDeadline } from '../../runtime/deadline.js';
import { earliest } from '../../runtime/earliest.js';
import type {
  Broker,
  BrokerSupport,
  CommonGround,
  ConsumeOptions,
  ListElement,
  PublishOptions,
  PublishTarget,
  QueueMeasures,
  Subscription,
} from '../broker.js';
import type { BrokerSettings } from '../broker.options.js';
import type { QueueDeclaration } from '../topology.js';
import { readAddresses, type RedisAddress } from '../../redis/redis.address.js';
import { openClient } from '../../redis/redis.client.js';
import type { RedisContext } from './redis.context.js';
import { decodeEnvelope } from './redis.envelope.js';
import { DelayedMover } from './redis.delayed.js';
import { failureKind, isOutOfMemory, refusalReason } from '../../redis/redis.failures.js';
import { FanoutListener } from './redis.fanout.js';
import { RedisKeys } from './redis.keys.js';
import { Leases } from './redis.leases.js';
import { RedisLink, type LinkHooks } from '../../redis/redis.link.js';
import { runScript, type ScriptRunner } from '../../redis/redis.script.js';
import { readRedisOptions, type RedisTransportConfig } from './redis.options.js';
import { RedisPublisher } from './redis.publisher.js';
import { restoreMarked } from './redis.restore.js';
import { COUNT_HELD, RECALL } from './redis.scripts.js';
import { ServerCheck } from './redis.server-check.js';
import { Settlements } from './redis.settlements.js';
import { RedisSubscription } from './redis.subscription.js';
import { Sweeper } from './redis.sweeper.js';
import { RedisTopology } from './redis.topology.js';

/** A longer list of held messages is not looked through. */
const MOST_COUNTED = 10_000;
/** For what `close` still wants from a server that may not answer. */
const CLOSE_LIMIT_MS = 5_000;
/** For publishes at the end of a worker, where Redis is away. */
const UNHEARD_LIMIT_MS = 500;
const silent = (): Error => new Error('Redis is away');

/**
 * Celery's Redis transport: kombu's keys, lists and envelopes, so that Python clients and workers share the queues.
 *
 * URLs: `redis://user:password@host:6379/0`, `rediss://` for TLS, `redis+socket:///path?virtual_host=0`,
 * `sentinel://host:26379;sentinel://host2:26379/0` with `masterName`, and
 * `redis+cluster://host:7000;redis+cluster://host2:7000`. A Cluster runs scripts only over keys of one slot, so there
 * `globalKeyprefix` must carry a hash tag, for example `'{celery}'`: every key of the app then lives on one node. Python
 * workers cannot share a Cluster. Needs Redis 6.2 or newer.
 */
export class RedisBroker implements Broker {
  readonly transport = 'redis';
  readonly url: string;
  readonly supports: BrokerSupport = Object.freeze({
    priority: 'low-first',
    deferResolutionMs: 1,
    holdsBack: false,
    prefetchPerQueue: false,
    heedsRoom: true,
    deadLetter: false,
    deliveryCount: true,
    eventExchange: 'fanout',
  });
  readonly #settings: BrokerSettings;
  readonly #context: RedisContext;
  readonly #topology: RedisTopology;
  readonly #publisher: RedisPublisher;
  readonly #leases: Leases;
  readonly #settlements: Settlements;
  readonly #fanout: FanoutListener;
  readonly #mover: DelayedMover;
  readonly #sweeper: Sweeper;
  readonly #subscriptions = new Set<RedisSubscription>();
  #subscribed = 0;
  #closing: Promise<void> | undefined;

  /** Does not connect yet. @throws InvalidOptionError for URLs and `brokerTransportOptions` that cannot be used */
  static open(settings: BrokerSettings): RedisBroker {
    const config = readRedisOptions(settings.transportOptions);
    const addresses = readAddresses(settings.urls, settings.tls);
    if (addresses[0]?.kind === 'sentinel' && config.masterName === undefined) {
      throw new InvalidOptionError(
        'brokerTransportOptions.masterName',
        "sentinel:// URLs need the name of the master that the Sentinels watch, for example 'mymaster'.",
      );
    }
    if (addresses[0]?.kind === 'cluster' && !/\{[^}]+\}/.test(config.globalKeyprefix)) {
      throw new InvalidOptionError(
        'brokerTransportOptions.globalKeyprefix',
        `Redis Cluster needs all keys of an app in one slot. Set a prefix with a hash tag, for example '{celery}'.`,
      );
    }
    return new RedisBroker(settings, config, addresses);
  }

  private constructor(
    settings: BrokerSettings,
    config: RedisTransportConfig,
    addresses: readonly RedisAddress[],
  ) {
    this.#settings = settings;
    this.url = addresses.map((address) => address.shown).join(';');
    const check = new ServerCheck(settings.log);
    const { masterName, sentinelKwargs } = config;
    const connection = { ...settings, masterName, sentinelKwargs };
    const openLink = (name: string, hooks: LinkHooks = {}): RedisLink =>
      new RedisLink({
        ...hooks,
        name,
        open: (attempt) => openClient(pick(addresses, attempt), connection),
        connectTimeoutMs: settings.connectTimeoutMs,
        commandTimeoutMs: config.socketTimeout,
        clock: settings.clock,
        log: settings.log,
      });
    const link = openLink('commands', {
      prepare: (client) => check.run(client),
      onUp: () => this.#onUp(),
    });
    const { clock, log } = settings;
    const keys = new RedisKeys(config, addresses[0]?.db ?? 0);
    this.#context = { link, openLink, keys, config, owner: randomUUID(), clock, log };
    this.#topology = new RedisTopology(this.#context);
    this.#publisher = new RedisPublisher(this.#context, this.#topology, (list) => {
      for (const subscription of this.#subscriptions) subscription.pushed(list);
    });
    this.#leases = new Leases(this.#context);
    this.#mover = new DelayedMover(this.#context, () => this.#look());
    this.#settlements = new Settlements(this.#context, this.#leases, (waitMs) => this.#mover.expect(waitMs));
    this.#sweeper = new Sweeper(this.#context, this.#topology, () => this.#look());
    this.#fanout = new FanoutListener(this.#context, settings.heartbeatSeconds * 1000);
  }

  get common(): CommonGround {
    const { link, keys } = this.#context;
    const run: ScriptRunner['run'] = (script, scriptKeys, args) =>
      this.#ask('run a script', () => link.run((client) => runScript(client, script, scriptKeys, args)));
    return { kind: 'redis', scripts: { prefix: keys.prefix, run } };
  }

  get connected(): boolean {
    return this.#context.link.up;
  }

  async connect({ failFast = false }: { readonly failFast?: boolean } = {}): Promise<void> {
    this.#refuseClosed();
    const { link } = this.#context;
    if (failFast) {
      await link.nextAttempt().catch((error: unknown) => {
        throw new BrokerUnavailableError(this.url, error);
      });
    } else if (!(await link.whenUp())) throw new BrokerUnavailableError(this.url);
  }

  async declareQueue(queue: QueueDeclaration): Promise<void> {
    this.#refuseClosed();
    if (this.#topology.knows(queue)) return;
    this.#topology.learn(queue.exchange);
    await this.#ask(`declare queue ${queue.name}`, () => this.#topology.declare(queue));
  }

  publish(target: PublishTarget, message: WireMessage, options?: PublishOptions): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(this.#closedError());
    this.#context.link.start();
    return this.#publisher.publish(target, message, options?.deadlineMs ?? this.#settings.publishTimeoutMs);
  }

  postings(
    target: PublishTarget,
    message: WireMessage,
    options?: PublishOptions,
  ): Promise<readonly ListElement[] | undefined> {
    if (this.#closing !== undefined) return Promise.reject(this.#closedError());
    this.#context.link.start();
    return this.#publisher.postings(target, message, options?.deadlineMs ?? this.#settings.publishTimeoutMs);
  }

  async consume(queues: readonly QueueDeclaration[], options: ConsumeOptions): Promise<Subscription> {
    this.#refuseClosed();
    for (const queue of queues) this.#topology.learn(queue.exchange);
    if (!(await this.#context.link.whenUp())) throw this.#closedError();
    for (const queue of queues) await this.#declareForEver(queue);
    this.#mover.start();
    this.#sweeper.start();
    const subscription = new RedisSubscription(
      {
        context: this.#context,
        leases: this.#leases,
        settlements: this.#settlements,
        fanout: this.#fanout,
        number: (this.#subscribed += 1),
        declare: (queue) => this.#declareForEver(queue),
        onEnd: (ended) => this.#subscriptions.delete(ended),
      },
      options,
    );
    this.#subscriptions.add(subscription);
    await Promise.all(queues.map((queue) => subscription.addQueue(queue)));
    return subscription;
  }

  async recall(marks: readonly string[]): Promise<void> {
    const { link, keys } = this.#context;
    await this.#ask('recall messages', () =>
      link.run((client) => runScript(client, RECALL, [keys.delayed, keys.delayedMessages], marks)),
    );
    this.#mover.expect(0);
  }

  async purge(queue: string): Promise<number> {
    const lists = this.#context.keys.lists(queue);
    const answers = await this.#ask(`purge queue ${queue}`, () =>
      this.#context.link.run((client) => {
        const transaction = client.multi();
        for (const list of lists) transaction.llen(list);
        return transaction.del(...lists).exec();
      }),
    );
    return (answers ?? []).slice(0, lists.length).reduce((sum, [, length]) => sum + Number(length), 0);
  }

  async size(queue: string): Promise<number> {
    const lists = this.#context.keys.lists(queue);
    const lengths = await this.#ask(`measure queue ${queue}`, () =>
      this.#context.link.run((client) => Promise.all(lists.map((list) => client.llen(list)))),
    );
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  bound(exchange: string): Promise<readonly string[]> {
    return this.#ask(`look at exchange ${exchange}`, () => this.#topology.boundTo(exchange));
  }

  async measure(queue: string): Promise<QueueMeasures> {
    const { link, keys } = this.#context;
    const ready = await this.size(queue);
    const next = await this.#ask(`look at queue ${queue}`, () =>
      link.run((client) => Promise.all(keys.lists(queue).map((list) => client.lindexBuffer(list, -1)))),
    );
    const sentMs = next.map((raw) =>
      raw === null ? undefined : decodeEnvelope(raw).message.properties.sentMs,
    );
    const ending = `${JSON.stringify(queue)}]`;
    const unacked = await this.#ask(`measure queue ${queue}`, () =>
      link.run((client) => runScript(client, COUNT_HELD, [keys.unacked], [ending, MOST_COUNTED])),
    );
    return {
      ready,
      unacked: Number(unacked) < 0 ? undefined : Number(unacked),
      consumers: undefined,
      oldestSentMs: earliest(sentMs),
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { clock, link, log } = this.#context;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.cancel()));
    this.#mover.stop();
    this.#sweeper.stop();
    // Publishes end by their own deadlines, for which a worker does not wait where Redis is away; settlements must not hold
    // up the end for as long.
    const published = this.#publisher.drained();
    const isAway = this.#subscribed > 0 && !link.up;
    await Promise.all([
      isAway ? withDeadline(clock, UNHEARD_LIMIT_MS, published, silent).catch(() => undefined) : published,
      link.politely(this.#settlements.drained(), CLOSE_LIMIT_MS),
    ]);
    this.#publisher.close();
    this.#settlements.close();
    const held = this.#leases.all().filter((each) => !each.settling);
    for (const each of held) each.lose();
    if (held.length > 0 && link.up) {
      await withDeadline(
        clock,
        CLOSE_LIMIT_MS,
        restoreMarked(this.#context, 'front', held.toReversed(), CLOSE_LIMIT_MS),
        () => new Error('Redis did not answer in time'),
      ).catch((error: unknown) => {
        log.warn(
          `${held.length} message(s) could not be given back; their leases will run out: ${String(error)}`,
        );
      });
    }
    if (link.up) await this.#topology.forget(CLOSE_LIMIT_MS).catch(() => undefined);
    this.#leases.stop();
    this.#fanout.close();
    link.close();
  }

  #onUp(): void {
    this.#leases.renewSoon();
    this.#sweeper.postpone();
    this.#topology.restore().catch(() => undefined);
    this.#settlements.wake();
    this.#publisher.wake();
    this.#look();
  }

  #look(): void {
    for (const subscription of this.#subscriptions) subscription.look();
  }

  /** A consumer waits for its broker as long as it takes. */
  async #declareForEver(queue: QueueDeclaration): Promise<void> {
    while (await this.#context.link.whenUp()) {
      try {
        return await this.#topology.declare(queue);
      } catch (error) {
        if (isOutOfMemory(error)) {
          // What waits can still be worked off, which is the way out. The binding follows with the next connection.
          this.#context.log.warn(`Queue ${queue.name} could not be declared: ${refusalReason(error)}`);
          return this.#topology.remember(queue);
        }
        if (failureKind(error) === 'refused') throw this.#refusal(`declare queue ${queue.name}`, error);
      }
    }
    throw this.#closedError();
  }

  /** Waits for the connection and asks, until the time for a publish is over. */
  async #ask<T>(action: string, work: () => Promise<T>): Promise<T> {
    this.#refuseClosed();
    const { clock, link } = this.#context;
    const deadline = clock.monotonicMs() + this.#settings.publishTimeoutMs;
    let reason: unknown;
    while (await link.whenUp(Math.max(0, deadline - clock.monotonicMs()))) {
      try {
        return await work();
      } catch (error) {
        if (failureKind(error) === 'refused') throw this.#refusal(action, error);
        reason = error;
      }
    }
    throw new BrokerUnavailableError(this.url, reason);
  }

  #refusal(action: string, error: unknown): BrokerRefusedError {
    return new BrokerRefusedError(action, refusalReason(error), error);
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw this.#closedError();
  }

  #closedError(): BrokerClosedError {
    return new BrokerClosedError(this.url);
  }
}

function pick(addresses: readonly RedisAddress[], attempt: number): RedisAddress {
  const address = addresses[attempt % addresses.length];
  if (address === undefined) throw new InvalidOptionError('broker', 'no Redis URL');
  return address;
}
