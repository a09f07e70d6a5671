import { expect, it } from 'vitest';
import { LEASE_MS } from '../../../lib/worker/limits/limit-store.js';
import { MemoryLimitStore, MemoryLines } from '../../../lib/worker/limits/memory.limit-store.js';
import { limitStoreConformance } from '../../conformance/limit-store.conformance.js';
import { FakeClock } from '../../support/fake-clock.js';

const open = async () => {
  const clock = new FakeClock();
  const recalled: string[] = [];
  const lines = new MemoryLines();
  const store = new MemoryLimitStore({
    lines,
    recall: (marks) => void recalled.push(...marks),
    clock,
    random: () => 0.5,
  });
  return {
    store,
    lines,
    clock,
    recalled,
    expire: () => clock.advance(LEASE_MS),
    [Symbol.asyncDispose]: async () => undefined,
  };
};

limitStoreConformance('this process', open);

it('starts keep to their rate however late messages come', async () => {
  const { store, clock } = await open();
  const rate = { key: 'mail', intervalMs: 1_000, burst: 1 };
  const wish = (index: number) => ({ ticket: `${index}`, permit: `${index}`, rate, concurrency: undefined });
  for (let each = 0; each < 100; each += 1) await store.ask(wish(each));
  // All of them come together, as after an outage.
  await clock.advance(200_000);
  const waits: number[] = [];
  for (let each = 1; each < 100; each += 1) {
    const answer = await store.ask(wish(each));
    waits.push(answer.answer === 'rate' ? answer.waitMs : 0);
  }
  expect(waits).toEqual(Array.from({ length: 99 }, (_, index) => index * 1_000));
});

it('forgets the keys that nobody asks for any more', async () => {
  const { store, clock, lines } = await open();
  const ask = (key: number) => {
    const rate = { key: `mail/${key}`, intervalMs: 1_000, burst: 1 };
    const concurrency = { key: `mail/${key}`, max: 1 };
    return { ticket: `${key}`, permit: `${key}`, rate, concurrency };
  };
  for (let each = 0; each < 9_999; each += 1) {
    await store.ask(ask(each));
    await store.leave(ask(each));
  }
  await clock.advance(5_000);
  await store.ask(ask(10_000));
  expect(lines.rates.size).toBe(1);
  expect(lines.runs.size).toBe(1);
});
