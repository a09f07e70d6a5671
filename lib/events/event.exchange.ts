import type { BrokerSupport } from '../broker/broker.js';
import { plainQueue, type ExchangeDeclaration, type QueueDeclaration } from '../broker/topology.js';

/** Where events are told: Celery makes it a fanout where a broker has no topic exchanges of its own. */
export function eventExchange({ eventExchange: type }: BrokerSupport): ExchangeDeclaration {
  return type === 'topic' ? TOPIC : FANOUT;
}

const TOPIC: ExchangeDeclaration = Object.freeze({
  name: 'celeryev',
  type: 'topic',
  durable: true,
  autoDelete: false,
  arguments: {},
});
const FANOUT: ExchangeDeclaration = Object.freeze({ ...TOPIC, type: 'fanout' });

/** `task-failed` is told under `task.failed`. */
export function eventKey(type: string): string {
  return type.replaceAll('-', '.');
}

/** Events about tasks, several in one message. */
export const MANY_TASKS_KEY = 'task.multi';

/**
 * A listener's own queue, gone with its connection. Lives and keeps events as long as Celery's do by default, and no more than
 * `MOST_KEPT` bytes of them: then the oldest go first.
 * @param routingKey `#` for all, `worker.#` for those about workers
 */
export function eventQueue(
  name: string,
  routingKey: string,
  exchange: ExchangeDeclaration,
): QueueDeclaration {
  return Object.freeze({
    ...plainQueue(name, {
      'x-expires': 60_000,
      'x-message-ttl': 5_000,
      'x-max-length-bytes': MOST_KEPT,
    }),
    exchange,
    routingKey,
    durable: false,
    autoDelete: true,
    consumerOnly: true,
  });
}

const MOST_KEPT = 32 * 2 ** 20;
