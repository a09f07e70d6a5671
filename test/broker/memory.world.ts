import { randomUUID } from 'node:crypto';
import { MemoryBroker } from '../../lib/broker/memory/memory.broker.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { FakeClock } from '../support/fake-clock.js';

/** Brokers on one hub of a name nobody else uses, and the clock they go by. */
export function aMemoryWorld(url = `memory://${randomUUID()}`) {
  const clock = new FakeClock();
  return {
    url,
    clock,
    open: (): MemoryBroker =>
      MemoryBroker.open({
        urls: [url],
        publishTimeoutMs: 30_000,
        connectTimeoutMs: 4_000,
        heartbeatSeconds: 20,
        transportOptions: {},
        tls: undefined,
        clientName: 'test',
        clock,
        log: silentLog,
      }),
  };
}
