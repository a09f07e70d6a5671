import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { toPublishOptions } from '../../../lib/broker/amqp/amqp.wire.js';
import type { Broker } from '../../../lib/broker/broker.js';
import { decodeEnvelope } from '../../../lib/broker/redis/redis.envelope.js';
import { plainQueue } from '../../../lib/broker/topology.js';
import type { Place } from '../place.js';

/** Puts into a queue what no producer of this library would. */
export interface RawDoor extends AsyncDisposable {
  /** Resolves to the bytes that lie in the queue now, or to undefined where the broker's protocol cannot carry them. */
  send(envelope: Buffer): Promise<Buffer | undefined>;
}

/** @param broker of this process, for a place in memory */
export function openDoor(place: Place, broker: Broker): Promise<RawDoor> {
  if (place.name === 'memory') return Promise.resolve(memoryDoor(place, broker));
  return place.name === 'Redis' ? redisDoor(place) : amqpDoor(place);
}

/** Envelopes, as they are. */
async function redisDoor({ app, queue }: Place): Promise<RawDoor> {
  const redis = new Redis(String(app.broker));
  const { globalKeyprefix: prefix = '' } = app.brokerTransportOptions as { globalKeyprefix?: string };
  return {
    async send(envelope) {
      await redis.lpush(`${prefix}${queue}`, envelope);
      return decodeEnvelope(envelope).message.body;
    },
    async [Symbol.asyncDispose]() {
      await redis.quit();
    },
  };
}

/**
 * What is in the envelopes; the bytes of what is none. RabbitMQ breaks the connection over some of them: what is then not
 * confirmed counts as not sent, and may be there all the same.
 */
async function amqpDoor({ app, queue }: Place): Promise<RawDoor> {
  let isOpen = true;
  const open = async () => {
    const connection = await connect(String(app.broker));
    connection.on('error', () => undefined);
    connection.on('close', () => {
      if (isOpen) opened = open();
    });
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => void connection.close().catch(() => undefined));
    return { connection, channel };
  };
  let opened = open();
  return {
    async send(envelope) {
      const { body, ...message } = decodeEnvelope(envelope).message;
      // One that is no number costs the channel.
      const { expiration: _, ...properties } = message.properties;
      const priority = Math.min(255, Math.max(0, properties.priority));
      const wire = { ...message, body, properties: { ...properties, priority } };
      const { channel } = await opened;
      return new Promise((resolve) => {
        try {
          const options = toPublishOptions(wire, false);
          channel.publish('', queue, body, options, (error) => resolve(error === null ? body : undefined));
        } catch {
          resolve(undefined);
        }
      });
    },
    async [Symbol.asyncDispose]() {
      isOpen = false;
      await (await opened).connection.close();
    },
  };
}

function memoryDoor({ queue }: Place, broker: Broker): RawDoor {
  const target = { exchange: '', routingKey: queue, queue: plainQueue(queue) };
  return {
    async send(envelope) {
      const { message } = decodeEnvelope(envelope);
      await broker.publish(target, message);
      return message.body;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
