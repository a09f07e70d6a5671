import { setTimeout as wait } from 'node:timers/promises';
import { inject } from 'vitest';
import { brokerConformance } from '../conformance/broker.conformance.js';
import { aRedisWorld } from './redis.world.js';

brokerConformance('redis', {
  open: async () => {
    const world = await aRedisWorld(inject('redisUrl'));
    return {
      open: () => world.open(),
      now: () => Date.now(),
      advance: (ms) => wait(ms),
      leftovers: async () => {
        const keys = await world.redis.keys(`${world.prefix}*`);
        return keys.filter((key) => !key.startsWith(world.key('_kombu.binding.')));
      },
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  },
  supports: {
    priority: 'low-first',
    deferResolutionMs: 1,
    holdsBack: false,
    prefetchPerQueue: false,
    heedsRoom: true,
    deadLetter: false,
    deliveryCount: true,
    eventExchange: 'fanout',
  },
  lacks: {
    headersExchange: 'Redis has no headers exchanges',
    topologyConflict: 'Redis keeps no declarations',
    unknownQueue: 'on Redis a queue exists by being written to',
    expiration: 'the worker judges expires, Redis does not',
    messageTtl: 'lists have no life times',
  },
});
