import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import { Redis } from 'ioredis';
import { amqpProperties, wireMessages } from '../wire.js';
import type { Peer } from './peer.js';

/** RabbitMQ by hand: every publish confirmed, every delivery acknowledged as the mode says, a result stored by `SETEX`. */
export const amqplib: Peer = {
  async work({ broker, backend, queue, mode, concurrency }, tick) {
    const connection = await amqp.connect(broker, { noDelay: true });
    const channel = await connection.createChannel();
    await channel.assertQueue(queue, { durable: true });
    await channel.prefetch(concurrency * 4);
    const results = mode === 'stored' ? new Redis(backend, { enableAutoPipelining: true }) : undefined;
    const options = { noAck: mode === 'early' };
    const run = async (message: amqp.ConsumeMessage): Promise<void> => {
      const answer = Buffer.from(JSON.stringify({ result: JSON.parse(message.content.toString()).length }));
      tick();
      const { replyTo, correlationId } = message.properties as { replyTo?: string; correlationId?: string };
      if (typeof replyTo === 'string' && replyTo !== '')
        channel.sendToQueue(replyTo, answer, { correlationId: String(correlationId) });
      else await results?.setex(String(correlationId), 300, answer);
      if (!options.noAck) channel.ack(message);
    };
    await channel.consume(queue, (message) => void (message !== null && run(message)), options);
  },

  async publisher(order) {
    const { channel } = await opened(order.broker, order.queue);
    const next = wireMessages(order);
    return () => confirmed(channel, order.queue, next());
  },

  async caller(order) {
    const { channel } = await opened(order.broker, order.queue);
    const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
    const waiting = new Map<string, () => void>();
    const heard = (message: amqp.ConsumeMessage | null): void => {
      const id = String(message?.properties.correlationId);
      waiting.get(id)?.();
      waiting.delete(id);
    };
    await channel.consume(replyTo, heard, { noAck: true });
    const next = wireMessages(order);
    return async () => {
      const message = { ...next(), id: randomUUID() };
      const answered = new Promise<void>((resolve) => waiting.set(message.id, resolve));
      await confirmed(channel, order.queue, message, { replyTo });
      await answered;
    };
  },
};

async function opened(url: string, queue: string) {
  const connection = await amqp.connect(url, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  return { connection, channel };
}

function confirmed(
  channel: amqp.ConfirmChannel,
  queue: string,
  message: ReturnType<ReturnType<typeof wireMessages>>,
  more: amqp.Options.Publish = {},
): Promise<void> {
  const options = { ...amqpProperties(message), ...more };
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, message.body, options, (error: unknown) =>
      error ? reject(new Error('not confirmed', { cause: error })) : resolve(),
    );
  });
}
