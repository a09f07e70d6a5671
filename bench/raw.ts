import amqp from 'amqplib';
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inFlight, rate, type Contender } from './measure.js';

/** A task message as Celery writes it, so that the floor moves the same bytes. */
const BODY = Buffer.from('[[2, 3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]');
const headers = (id: string) => ({
  lang: 'js',
  task: 'bench.noop',
  id,
  shadow: null,
  eta: null,
  expires: null,
  group: null,
  group_index: null,
  retries: 0,
  timelimit: [null, null],
  root_id: id,
  parent_id: null,
  argsrepr: '(2, 3)',
  kwargsrepr: '{}',
  origin: 'gen1@bench',
  ignore_result: true,
  replaced_task_nesting: 0,
  stamped_headers: null,
  stamps: {},
});
const envelope = (id: string): string =>
  JSON.stringify({
    body: BODY.toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers: headers(id),
    properties: {
      correlation_id: id,
      reply_to: '',
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: 'q' },
      priority: 0,
      body_encoding: 'base64',
      delivery_tag: id,
    },
  });

/** amqplib by hand: confirms for each publish. */
export function rawAmqpPublish(url: string, count: number, width: number): Contender {
  return {
    name: 'raw amqplib',
    promise: 'confirmed',
    async open() {
      const connection = await amqp.connect(url, { noDelay: true });
      const channel = await connection.createConfirmChannel();
      const queue = `bench-${randomUUID()}`;
      await channel.assertQueue(queue, { durable: true });
      const publish = (): Promise<void> =>
        new Promise((resolve, reject) => {
          const id = randomUUID();
          const options = {
            headers: headers(id),
            contentType: 'application/json',
            contentEncoding: 'utf-8',
            persistent: true,
            correlationId: id,
            mandatory: true,
          };
          channel.sendToQueue(queue, BODY, options, (error: unknown) => (error ? reject(error) : resolve()));
        });
      return {
        run: () => rate(count, () => inFlight(count, width, publish)),
        close: async () => {
          await channel.deleteQueue(queue);
          await connection.close();
        },
      };
    },
  };
}

/** amqplib by hand: consume with a prefetch, acknowledge each message. */
export function rawAmqpProcess(url: string, count: number, prefetch: number): Contender {
  return {
    name: 'raw amqplib',
    promise: 'at least once',
    async open() {
      const connection = await amqp.connect(url, { noDelay: true });
      const filling = await connection.createConfirmChannel();
      const queue = `bench-${randomUUID()}`;
      await filling.assertQueue(queue, { durable: true });
      for (let index = 0; index < count; index += 1) {
        const id = randomUUID();
        filling.sendToQueue(queue, BODY, {
          headers: headers(id),
          contentType: 'application/json',
          contentEncoding: 'utf-8',
          persistent: true,
          correlationId: id,
        });
      }
      await filling.waitForConfirms();
      const channel = await connection.createChannel();
      await channel.prefetch(prefetch);
      const drain = (): Promise<void> =>
        new Promise((resolve) => {
          let seen = 0;
          void channel.consume(queue, (message) => {
            if (message === null) return;
            channel.ack(message);
            seen += 1;
            if (seen === count) resolve();
          });
        });
      return {
        run: () => rate(count, drain),
        close: async () => {
          await channel.deleteQueue(queue);
          await connection.close();
        },
      };
    },
  };
}

/** amqplib by hand: a request queue, a worker that answers on a reply queue, one request at a time. */
export function rawAmqpRoundTrip(url: string, count: number): Contender {
  return {
    name: 'raw amqplib',
    promise: 'confirmed request, transient reply',
    async open() {
      const [client, server] = [
        await amqp.connect(url, { noDelay: true }),
        await amqp.connect(url, { noDelay: true }),
      ];
      const [asking, answering] = [await client.createConfirmChannel(), await server.createChannel()];
      const queue = `bench-${randomUUID()}`;
      await asking.assertQueue(queue, { durable: true });
      const { queue: replies } = await asking.assertQueue('', { exclusive: true });
      await answering.consume(queue, (message) => {
        if (message === null) return;
        answering.sendToQueue(replies, Buffer.from('{}'), {
          correlationId: String(message.properties.correlationId),
        });
        answering.ack(message);
      });
      const waiting = new Map<string, () => void>();
      await asking.consume(replies, (message) => waiting.get(String(message?.properties.correlationId))?.(), {
        noAck: true,
      });
      const ask = async (): Promise<void> => {
        const id = randomUUID();
        const answered = new Promise<void>((resolve) => waiting.set(id, resolve));
        await new Promise<void>((resolve, reject) => {
          asking.sendToQueue(
            queue,
            BODY,
            { headers: headers(id), persistent: true, correlationId: id },
            (error: unknown) => (error ? reject(error) : resolve()),
          );
        });
        await answered;
        waiting.delete(id);
      };
      return {
        run: () => latencies(count, ask),
        close: async () => {
          await asking.deleteQueue(queue);
          await Promise.all([client.close(), server.close()]);
        },
      };
    },
  };
}

/** ioredis by hand: LPUSH of the same envelope. */
export function rawRedisPublish(url: string, count: number, width: number): Contender {
  return {
    name: 'raw ioredis',
    promise: 'in memory of the server',
    async open() {
      const redis = new Redis(url, { enableAutoPipelining: true });
      const queue = `bench-${randomUUID()}`;
      return {
        run: () =>
          rate(count, () => inFlight(count, width, () => redis.lpush(queue, envelope(randomUUID())))),
        close: async () => {
          await redis.del(queue);
          redis.disconnect();
        },
      };
    },
  };
}

/** ioredis by hand: RPOP with a count and parse, which loses what was popped when the process dies. */
export function rawRedisProcess(url: string, count: number, batch: number): Contender {
  return {
    name: 'raw ioredis',
    promise: 'at most once',
    async open() {
      const redis = new Redis(url);
      const queue = `bench-${randomUUID()}`;
      for (let filled = 0; filled < count; filled += 1000) {
        await redis.lpush(
          queue,
          ...Array.from({ length: Math.min(1000, count - filled) }, () => envelope(randomUUID())),
        );
      }
      const drain = async (): Promise<void> => {
        for (;;) {
          const popped = await redis.rpop(queue, batch);
          if (popped === null) return;
          for (const text of popped) JSON.parse(text);
        }
      };
      return { run: () => rate(count, drain), close: async () => void redis.disconnect() };
    },
  };
}

/** ioredis by hand: BRPOP of a request, the answer as a list, one request at a time. */
export function rawRedisRoundTrip(url: string, count: number): Contender {
  return {
    name: 'raw ioredis',
    promise: 'at most once',
    async open() {
      const [client, server, answering] = [new Redis(url), new Redis(url), new Redis(url)];
      const queue = `bench-${randomUUID()}`;
      let running = true;
      const serving = (async () => {
        while (running) {
          const popped = await server.brpop(queue, 1);
          if (popped !== null) await answering.lpush(`${queue}-reply`, '{}');
        }
      })();
      const ask = async (): Promise<void> => {
        await client.lpush(queue, envelope(randomUUID()));
        await client.brpop(`${queue}-reply`, 5);
      };
      return {
        run: () => latencies(count, ask),
        close: async () => {
          running = false;
          await serving;
          for (const redis of [client, server, answering]) redis.disconnect();
        },
      };
    },
  };
}

export async function latencies(
  count: number,
  operation: () => Promise<unknown>,
): Promise<{ latenciesMs: number[] }> {
  const latenciesMs: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await operation();
    latenciesMs.push(performance.now() - started);
  }
  return { latenciesMs };
}
