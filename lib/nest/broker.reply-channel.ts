import type { ReplyChannel } from '../backend/reply-channel.js';
import type { Broker } from '../broker/broker.js';
import type { QueueDeclaration } from '../broker/topology.js';
import { UnroutableError } from '../errors.js';

/** The reply queues of `rpc://` on the broker that tasks travel on. */
export function replyChannelOf(broker: Broker): ReplyChannel {
  return {
    url: broker.url,
    connect: (options) => broker.connect(options),
    async send(queue, message) {
      try {
        await broker.publish({ exchange: '', routingKey: queue }, message);
      } catch (error) {
        // The client has gone and its queue with it: nobody waits for this result any more.
        if (!(error instanceof UnroutableError)) throw error;
      }
    },
    async listen(queue, expiresMs, onMessage) {
      const subscription = await broker.consume([replyQueue(queue, expiresMs)], {
        prefetch: 0,
        noAck: true,
        onDelivery: ({ message }) => onMessage(message),
      });
      return { stop: () => subscription.cancel() };
    },
  };
}

/** As Celery 5.2 declares it: not durable, gone with its last consumer, reachable through the default exchange only. */
function replyQueue(name: string, expiresMs: number): QueueDeclaration {
  return Object.freeze({
    name,
    exchange: undefined,
    routingKey: name,
    bindings: [],
    bindingArguments: {},
    durable: false,
    exclusive: false,
    autoDelete: true,
    arguments: { 'x-expires': Math.round(expiresMs) },
    consumerOnly: true,
  });
}
