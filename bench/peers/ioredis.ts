import { Redis } from 'ioredis';
import { envelope, wireMessages } from '../wire.js';
import type { Peer } from './peer.js';

/**
 * Redis by hand: `LPUSH`, and `RPOP` of many messages at a time, which loses what was popped when the process dies. There is
 * no bare equivalent of a queue that loses nothing.
 */
export const ioredis: Peer = {
  async work({ broker, queue, concurrency }, tick) {
    const [waiting, answering] = [new Redis(broker), new Redis(broker, { enableAutoPipelining: true })];
    const run = (text: string): void => {
      const { properties } = JSON.parse(text) as { properties: { reply_to: string } };
      tick();
      if (properties.reply_to !== '') void answering.lpush(properties.reply_to, '{}');
    };
    const take = async (): Promise<void> => {
      for (;;) {
        const popped = await waiting.rpop(queue, concurrency * 4);
        if (popped === null) run((await waiting.brpop(queue, 0))?.[1] ?? '');
        else for (const text of popped) run(text);
      }
    };
    void take();
  },

  async publisher(order) {
    const redis = new Redis(order.broker, { enableAutoPipelining: true });
    const next = wireMessages(order);
    return () => redis.lpush(order.queue, envelope(next(), order.queue));
  },

  async caller(order) {
    const redis = new Redis(order.broker);
    const next = wireMessages(order);
    const replies = `${order.queue}-replies`;
    return async () => {
      const text = envelope(next(), order.queue).replace('"reply_to":""', `"reply_to":"${replies}"`);
      await redis.lpush(order.queue, text);
      await redis.brpop(replies, 5);
    };
  },
};
