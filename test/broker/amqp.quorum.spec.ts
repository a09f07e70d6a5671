import { setTimeout as wait } from 'node:timers/promises';
import { inject } from 'vitest';
import type { Broker } from '../../lib/broker/broker.js';
import type { QueueDeclaration } from '../../lib/broker/topology.js';
import { brokerConformance } from '../conformance/broker.conformance.js';
import { anAmqpWorld } from './amqp.world.js';

brokerConformance('amqp on quorum queues', {
  open: async () => {
    const world = await anAmqpWorld(inject('rabbitUrl'));
    return {
      ...world,
      open: () => onQuorumQueues(world.open()),
      now: () => Date.now(),
      advance: (ms) => wait(ms),
    };
  },
  supports: {
    priority: 'high-first',
    deferResolutionMs: 1000,
    holdsBack: true,
    prefetchPerQueue: true,
    heedsRoom: false,
    deadLetter: true,
    deliveryCount: true,
    eventExchange: 'topic',
  },
  lacks: { looking: 'RabbitMQ shows nobody a message without handing it out' },
});

/** The same broker, but that every queue which can be is a quorum queue. They count what is handed out. */
function onQuorumQueues(broker: Broker): Broker {
  const made = new WeakMap<QueueDeclaration, QueueDeclaration>();
  const quorum = (queue: QueueDeclaration): QueueDeclaration => {
    const known = made.get(queue) ?? asQuorum(queue);
    made.set(queue, known);
    return known;
  };
  return {
    transport: broker.transport,
    url: broker.url,
    supports: { ...broker.supports, deliveryCount: true },
    connect: (options) => broker.connect(options),
    get connected() {
      return broker.connected;
    },
    declareQueue: (queue) => broker.declareQueue(quorum(queue)),
    publish: (target, message, options) => {
      const { queue, ...rest } = target;
      return broker.publish(queue === undefined ? rest : { ...rest, queue: quorum(queue) }, message, options);
    },
    consume: async (queues, options) => {
      const subscription = await broker.consume(queues.map(quorum), options);
      return {
        setPrefetch: (prefetch) => subscription.setPrefetch(prefetch),
        addQueue: (queue) => subscription.addQueue(quorum(queue)),
        removeQueue: (queue) => subscription.removeQueue(queue),
        cancel: () => subscription.cancel(),
      };
    },
    purge: (queue) => broker.purge(queue),
    size: (queue) => broker.size(queue),
    close: () => broker.close(),
  };
}

function asQuorum(queue: QueueDeclaration): QueueDeclaration {
  if (queue.exclusive || queue.autoDelete || !queue.durable || 'x-max-priority' in queue.arguments)
    return queue;
  return { ...queue, arguments: { ...queue.arguments, 'x-queue-type': 'quorum' } };
}
