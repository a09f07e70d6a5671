import { brokerConformance } from '../conformance/broker.conformance.js';
import { aMemoryWorld } from './memory.world.js';

brokerConformance('memory', {
  open: async () => {
    const { clock, open } = aMemoryWorld();
    return {
      open,
      now: () => clock.now(),
      advance: (ms) => clock.advance(ms),
      leftovers: async () => (clock.timers === 0 ? [] : [`${clock.timers} timer(s)`]),
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
  supports: {
    priority: 'high-first',
    deferResolutionMs: 1,
    holdsBack: false,
    prefetchPerQueue: false,
    heedsRoom: true,
    deadLetter: true,
    deliveryCount: true,
    eventExchange: 'topic',
  },
});
