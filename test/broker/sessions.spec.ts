import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { expect, it } from 'vitest';
import type { AmqpContext } from '../../lib/broker/amqp/amqp.context.js';
import type { ConsumerParts } from '../../lib/broker/amqp/amqp.consumer.js';
import { AmqpSession } from '../../lib/broker/amqp/amqp.session.js';
import { AmqpSubscription } from '../../lib/broker/amqp/amqp.subscription.js';
import { plainQueue } from '../../lib/broker/topology.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { FakeClock } from '../support/fake-clock.js';

const METHODS = [
  'prefetch',
  'consume',
  'cancel',
  'assertQueue',
  'assertExchange',
  'bindQueue',
  'checkQueue',
  'close',
] as const;
type Method = (typeof METHODS)[number];

/**
 * A consumer of a RabbitMQ that can fall silent.
 * @param cuts whether this connection, counted from 1, is lost as this method is called
 */
function aWorld(cuts: (connection: number, method: Method) => boolean = () => false) {
  const clock = new FakeClock();
  let silent = false;
  let connections = 0;
  const answer = async (value: unknown = {}): Promise<unknown> =>
    silent ? new Promise(() => undefined) : value;
  const config = { nativeDelayedDeliveryQueueType: 'quorum' };
  const context = {
    url: 'amqp://here',
    clock,
    log: silentLog,
    exchangeTypes: new Map(),
    config,
  } as unknown as AmqpContext;
  const connection: { session: AmqpSession | undefined; whenUp(): Promise<AmqpSession | undefined> } = {
    session: undefined,
    async whenUp() {
      if (connection.session?.live !== true) connect();
      return connection.session;
    },
  };
  const connect = (): void => {
    const number = (connections += 1);
    const call = async (method: Method): Promise<unknown> => {
      if (!cuts(number, method)) return answer();
      for (const each of [...channels, model]) each.emit('close', new Error('cut'));
      throw new Error('Channel ended, no reply will be forthcoming');
    };
    const channels: EventEmitter[] = [];
    const channel = () => {
      const methods = METHODS.map((method) => [method, () => call(method)] as const);
      const opened = Object.assign(new EventEmitter(), Object.fromEntries(methods));
      channels.push(opened);
      return opened;
    };
    const model = Object.assign(new EventEmitter(), {
      createChannel: () => answer(channel()),
      createConfirmChannel: () => answer(channel()),
      close: () => answer(),
    });
    connection.session = new AmqpSession(model as unknown as ChannelModel, context, () => undefined);
  };
  const parts = { connection, context, deferrals: {} } as unknown as ConsumerParts;
  const subscription = new AmqpSubscription(
    { prefetch: 4, onDelivery: () => undefined },
    parts,
    () => undefined,
  );
  const opened = subscription.open([plainQueue('celery')]);
  return {
    clock,
    subscription,
    opened,
    fallSilent: () => void (silent = true),
    loseConnection: () => void (connection.session = undefined),
    reconnect: connect,
    get connections() {
      return connections;
    },
  };
}

async function anOpenWorld() {
  const world = aWorld();
  await world.opened;
  return world;
}

it('a consumer whose connection is lost as it opens makes no pauses beside those of the connection', async () => {
  const world = aWorld((connection, method) => connection <= 20 && method === 'consume');
  await world.opened;
  expect(world.connections).toBe(21);
  expect(world.subscription.missing).toEqual([]);
});

it('a RabbitMQ that falls silent before a stop is unheard, however long the stop takes', async () => {
  const { clock, subscription, fallSilent } = await anOpenWorld();
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
  const { subscription } = await anOpenWorld();
  await subscription.cancel();
  expect(subscription.unheard).toBe(false);
});

it('what was said over a connection that is lost is unheard, though another stands', async () => {
  const { subscription, loseConnection, reconnect } = await anOpenWorld();
  await subscription.cancel();
  loseConnection();
  expect(subscription.unheard).toBe(true);
  reconnect();
  expect(subscription.unheard).toBe(true);
});
