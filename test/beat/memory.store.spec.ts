import { MemoryStore } from '../../lib/beat/memory.store.js';
import { scheduleStoreConformance } from '../conformance/schedule-store.conformance.js';
import { FakeClock } from '../support/fake-clock.js';

const clock = new FakeClock();

scheduleStoreConformance('memory', {
  open: async () => [new MemoryStore(clock)],
  advance: (ms) => clock.advance(ms),
});
