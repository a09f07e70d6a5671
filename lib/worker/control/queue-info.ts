import type { QueueDeclaration } from '../../broker/topology.js';
import type { ActiveQueue } from '../../control/control.types.js';

/**
 * A queue as kombu's `Queue.as_dict` shows it, and one thing more.
 * @param newestSentMs when the newest message taken from it was sent
 */
export function queueInfo(queue: QueueDeclaration, newestSentMs: number | undefined): ActiveQueue {
  const { name, exchange, routingKey, durable, exclusive, autoDelete, bindings, bindingArguments } = queue;
  const args = queue.arguments;
  return {
    name,
    // The default exchange is shown as the direct one that Celery would declare.
    exchange: {
      name: exchange?.name ?? name,
      type: exchange?.type ?? 'direct',
      arguments: exchange === undefined ? null : orNull(exchange.arguments),
      durable: exchange?.durable ?? true,
      passive: false,
      auto_delete: exchange?.autoDelete ?? false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: routingKey,
    queue_arguments: orNull(args),
    binding_arguments: orNull(bindingArguments),
    consumer_arguments: null,
    durable,
    exclusive,
    auto_delete: autoDelete,
    no_ack: false,
    alias: null,
    bindings,
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: args['x-max-priority'] ?? null,
    newest_sent: newestSentMs === undefined ? null : newestSentMs / 1000,
  };
}

function orNull(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | null {
  return Object.keys(record).length === 0 ? null : record;
}
