import { plainQueue, type ExchangeDeclaration, type QueueDeclaration } from '../broker/topology.js';

// Celery's remote control: commands go to every worker through a fanout exchange, replies to the queue of whoever asked.

/** Where commands are broadcast. */
export const PIDBOX_EXCHANGE: ExchangeDeclaration = Object.freeze({
  name: 'celery.pidbox',
  type: 'fanout',
  durable: false,
  autoDelete: false,
  arguments: {},
});

/** Where replies go, each under the key of who asked. */
export const REPLY_EXCHANGE: ExchangeDeclaration = Object.freeze({
  ...PIDBOX_EXCHANGE,
  name: 'reply.celery.pidbox',
  type: 'direct',
});

/** Commands that wait for one worker: of more, the oldest are lost. */
export const MOST_COMMANDS = 10_000;

/** A worker's own mailbox, gone with its connection. Lives and keeps commands as long as Celery's do, but not so many. */
export function mailboxQueue(hostname: string): QueueDeclaration {
  const bounds = { 'x-expires': 10_000, 'x-message-ttl': 300_000, 'x-max-length': MOST_COMMANDS };
  return Object.freeze({
    ...plainQueue(`${hostname}.celery.pidbox`, bounds),
    exchange: PIDBOX_EXCHANGE,
    routingKey: '',
    durable: false,
    exclusive: true,
    autoDelete: true,
    consumerOnly: true,
  });
}

/** Whose mailbox this is; undefined: it is none. */
export function hostnameOf(queue: string): string | undefined {
  const ending = `.${PIDBOX_EXCHANGE.name}`;
  return queue.endsWith(ending) ? queue.slice(0, -ending.length) : undefined;
}

/**
 * Where one client gets its replies.
 * @param key its own, in every request that wants a reply
 */
export function replyQueue(key: string): QueueDeclaration {
  return Object.freeze({
    ...plainQueue(`${key}.${REPLY_EXCHANGE.name}`, { 'x-expires': 10_000 }),
    exchange: REPLY_EXCHANGE,
    routingKey: key,
    durable: false,
    autoDelete: true,
    consumerOnly: true,
  });
}
