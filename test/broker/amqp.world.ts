import { randomUUID } from 'node:crypto';
import { connect, type Channel } from 'amqplib';
import { AmqpBroker } from '../../lib/broker/amqp/amqp.broker.js';
import type { BrokerSettings } from '../../lib/broker/broker.options.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';

/** Brokers on one RabbitMQ, and a plain channel beside them. Names carry `run`, so that nobody else uses them. */
export async function anAmqpWorld(url: string) {
  const run = randomUUID().slice(0, 8);
  const connection = await connect(url);
  connection.on('error', () => undefined);
  const brokers: AmqpBroker[] = [];
  return {
    run,
    name: (base: string): string => `${base}-${run}`,
    open(wish: Partial<BrokerSettings> = {}): AmqpBroker {
      const broker = AmqpBroker.open({
        urls: [url],
        publishTimeoutMs: 30_000,
        connectTimeoutMs: 4_000,
        heartbeatSeconds: 20,
        transportOptions: {},
        tls: undefined,
        clientName: 'test',
        clock: systemClock,
        log: silentLog,
        ...wish,
      });
      brokers.push(broker);
      return broker;
    },
    /** A channel of its own: RabbitMQ closes one over each refusal. */
    async channel(): Promise<Channel> {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      return channel;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(brokers.map((broker) => broker.close()));
      await connection.close().catch(() => undefined);
    },
  };
}
