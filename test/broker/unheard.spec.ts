import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { expect, it } from 'vitest';
import type { AmqpContext } from '../../lib/broker/amqp/amqp.context.js';
import type { ConsumerParts } from '../../lib/broker/amqp/amqp.consumer.js';
import { AmqpSession } from '../../lib/broker/amqp/amqp.session.js';
import { AmqpSubscription } from '../../lib/broker/amqp/amqp.subscription.js';
import { plainQueue } from '../../lib/broker/topology.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';

/** A consumer of a RabbitMQ that can fall silent. */
async function aWorld() {
  const clock = new FakeClock();
  let silent = false;
  const answer = async (value: unknown = {}): Promise<unknown> =>
    silent ? new Promise(() => undefined) : value;
  const asked = [
    'prefetch',
    'consume',
    'cancel',
    'assertQueue',
    'assertExchange',
    'bindQueue',
    'checkQueue',
    'close',
  ];
  const channel = () =>
    Object.assign(new EventEmitter(), Object.fromEntries(asked.map((name) => [name, () => answer()])));
  const model = Object.assign(new EventEmitter(), {
    createChannel: () => answer(channel()),
    createConfirmChannel: () => answer(channel()),
    close: () => answer(),
  }) as unknown as ChannelModel;
  const config = { nativeDelayedDeliveryQueueType: 'quorum' };
  const context = {
    url: 'amqp://here',
    clock,
    log: silentLog,
    exchangeTypes: new Map(),
    config,
  } as unknown as AmqpContext;
  const aSession = () => new AmqpSession(model, context, () => undefined);
  const connection = {
    session: aSession() as AmqpSession | undefined,
    whenUp: async () => connection.session,
  };
  const parts = { connection, context, deferrals: {} } as unknown as ConsumerParts;
  const subscription = new AmqpSubscription(
    { prefetch: 4, onDelivery: () => undefined },
    parts,
    () => undefined,
  );
  await subscription.open([plainQueue('celery')]);
  await eventually(() => subscription.missing.length === 0);
  return {
    clock,
    subscription,
    fallSilent: () => void (silent = true),
    reconnect: () => void (connection.session = aSession()),
    loseConnection: () => void (connection.session = undefined),
  };
}

it('a RabbitMQ that falls silent before a stop is unheard, however long the stop takes', async () => {
  const { clock, subscription, fallSilent } = await aWorld();
  fallSilent();
  const cancelled = subscription.cancel();
  await clock.advance(1_000);
  await cancelled;
  for (let second = 1; second <= 15; second += 1) {
    expect(subscription.unheard, `after ${second} s`).toBe(true);
    await clock.advance(1_000);
  }
});

it('a RabbitMQ that answers is heard', async () => {
  const { subscription } = await aWorld();
  await subscription.cancel();
  expect(subscription.unheard).toBe(false);
});

it('what was said over a connection that is lost is unheard, though another stands', async () => {
  const { subscription, loseConnection, reconnect } = await aWorld();
  await subscription.cancel();
  loseConnection();
  expect(subscription.unheard).toBe(true);
  reconnect();
  expect(subscription.unheard).toBe(true);
});
