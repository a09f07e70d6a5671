import { randomUUID } from 'node:crypto';
import { it } from 'vitest';
import type { Broker, ConsumeOptions, PublishTarget, Subscription } from '../../../lib/broker/broker.js';
import { plainQueue, type ExchangeDeclaration, type QueueDeclaration } from '../../../lib/broker/topology.js';
import { aMessage } from '../../support/a-message.js';
import { Inbox } from '../../support/inbox.js';
import type { BrokerSuite, BrokerWorld, Lack } from '../broker.conformance.js';

export interface Consumer {
  readonly inbox: Inbox;
  readonly subscription: Subscription;
}

/** One test's world: a broker, names nobody else uses, and the few moves every test makes. Throws all away at the end. */
export async function openBench(suite: BrokerSuite) {
  const world = await suite.open();
  const run = randomUUID().slice(0, 8);
  const name = (base: string): string => `${base}-${run}`;
  const opened: Broker[] = [];
  const connect = async (): Promise<Broker> => {
    const broker = await world.open();
    opened.push(broker);
    return broker;
  };
  const broker = await connect();
  const probe = lazily(() => openProbe(broker, plainQueue(name('probe'))));

  return {
    world,
    broker,
    /** One more broker in the same world. */
    connect,
    queue: (base = 'queue', args: Readonly<Record<string, unknown>> = {}): QueueDeclaration =>
      plainQueue(name(base), args),
    exchange: (type: ExchangeDeclaration['type'], base: string = type): ExchangeDeclaration => ({
      name: name(base),
      type,
      durable: true,
      autoDelete: false,
      arguments: {},
    }),
    /** Publishes one message per body, in order; each is declared and confirmed. */
    async send(queue: QueueDeclaration, ...bodies: readonly string[]): Promise<void> {
      for (const body of bodies) await broker.publish(to(queue), aMessage({ body }));
    },
    consume: (queue: QueueDeclaration | readonly QueueDeclaration[], options?: Partial<ConsumeOptions>) =>
      consumeAt(broker, queue, options),
    /** Resolves when whatever was on its way has had the time to arrive: a message sent now has come and gone, twice. */
    async quiet(): Promise<void> {
      const roundTrip = await probe();
      await roundTrip();
      await roundTrip();
    },
    async closeAll(): Promise<void> {
      await Promise.all(opened.map((each) => each.close()));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((each) => each.close()));
      await world[Symbol.asyncDispose]();
    },
  } satisfies { readonly world: BrokerWorld } & Record<string, unknown> & AsyncDisposable;
}

/** The address Celery uses for a queue: the default exchange. The queue is declared on the way. */
export function to(queue: QueueDeclaration): PublishTarget {
  return { exchange: '', routingKey: queue.name, queue };
}

/** The address of a named exchange. */
export function through(exchange: ExchangeDeclaration, routingKey = ''): PublishTarget {
  return { exchange: exchange.name, routingKey, exchangeDeclaration: exchange };
}

export async function consumeAt(
  broker: Broker,
  queue: QueueDeclaration | readonly QueueDeclaration[],
  options: Partial<ConsumeOptions> = {},
): Promise<Consumer> {
  const inbox = new Inbox();
  const queues: readonly QueueDeclaration[] = 'name' in queue ? [queue] : queue;
  const subscription = await broker.consume(queues, { prefetch: 0, onDelivery: inbox.receive, ...options });
  return { inbox, subscription };
}

/** A test of a promise that some transports cannot keep: skipped there, with the reason in its name. */
export function itUnless({ lacks }: BrokerSuite, lack: Lack, title: string, test: () => Promise<void>): void {
  const reason = lacks?.[lack];
  it.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (${reason})`, test);
}

async function openProbe(broker: Broker, queue: QueueDeclaration): Promise<() => Promise<void>> {
  const { inbox } = await consumeAt(broker, queue, { prefetch: 1 });
  return async () => {
    await broker.publish(to(queue), aMessage({ body: 'probe' }));
    await (await inbox.next()).ack();
  };
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
