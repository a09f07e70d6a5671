import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { argumentsOf, type Order } from '../order.js';
import type { Peer } from './peer.js';

/** @golevelup/nestjs-rabbitmq by its `AmqpConnection`: publishes confirmed, acknowledges after the handler, answers by reply. */
export const golevelup: Peer = {
  async work(order, tick) {
    const connection = await opened(order);
    const where = { queue: order.queue, routingKey: order.queue, createQueueIfNotExists: false };
    const answer = async (args: unknown) => {
      tick();
      return { result: typeof args };
    };
    if (order.mode === 'stored') await connection.createRpc(answer, where);
    else await connection.createSubscriber(async () => tick(), where, 'noop');
  },

  async publisher(order) {
    const connection = await opened(order);
    const message = { args: argumentsOf(order) };
    return () => connection.publish('', order.queue, message, { persistent: true, mandatory: true });
  },

  async caller(order) {
    const connection = await opened(order);
    const request = {
      exchange: '',
      routingKey: order.queue,
      payload: { args: argumentsOf(order) },
      publishOptions: { persistent: true },
    };
    return () => connection.request(request);
  },
};

const nothing = (): void => undefined;
const TROUBLE_ONLY = { log: nothing, warn: nothing, error: console.error };

async function opened({ broker, concurrency }: Order): Promise<AmqpConnection> {
  const connection = new AmqpConnection({
    uri: broker,
    prefetchCount: concurrency * 4,
    logger: TROUBLE_ONLY,
  });
  await connection.init();
  return connection;
}
