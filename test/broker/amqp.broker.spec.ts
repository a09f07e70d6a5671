import { setTimeout as wait } from 'node:timers/promises';
import { inject } from 'vitest';
import { brokerConformance } from '../conformance/broker.conformance.js';
import { anAmqpWorld } from './amqp.world.js';

brokerConformance('amqp', {
  open: async () => {
    const world = await anAmqpWorld(inject('rabbitUrl'));
    return { ...world, now: () => Date.now(), advance: (ms) => wait(ms) };
  },
  supports: {
    priority: 'high-first',
    deferResolutionMs: 1000,
    holdsBack: true,
    prefetchPerQueue: true,
    heedsRoom: false,
    deadLetter: true,
    deliveryCount: false,
    eventExchange: 'topic',
  },
  lacks: { looking: 'RabbitMQ shows nobody a message without handing it out' },
});
