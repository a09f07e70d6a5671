import { expect, it } from 'vitest';
import { Leases } from '../../lib/broker/redis/redis.leases.js';
import type { RedisContext } from '../../lib/broker/redis/redis.context.js';
import { FakeClock } from '../support/fake-clock.js';

const LEASE_MS = 30_000;

it('leases are renewed in one row, also when a connection comes back while they are being renewed', async () => {
  const clock = new FakeClock();
  const asked: { answer: (lost: readonly number[]) => void; fail: (error: Error) => void }[] = [];
  const link = {
    run: () => new Promise((answer, fail) => asked.push({ answer, fail })),
  };
  const config = { leaseTimeout: LEASE_MS, socketTimeout: 5_000 };
  const leases = new Leases({ link, keys: {}, clock, config } as unknown as RedisContext);
  leases.hold('tag', 'list', 0, clock.monotonicMs());
  await clock.advance(LEASE_MS / 3);
  leases.renewSoon();
  await clock.advance(1);
  asked[0]?.fail(new Error('Connection is closed.'));
  await clock.advance(1);
  expect(asked).toHaveLength(2);
  asked[1]?.answer([]);

  for (let each = 0; each < 60; each += 1) {
    await clock.advance(1_000);
    asked.at(-1)?.answer([]);
  }
  leases.stop();

  expect(asked).toHaveLength(2 + 60_000 / (LEASE_MS / 3));
  expect(clock.timers).toBe(0);
});
