import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { RedisContext } from '../../lib/broker/redis/redis.context.js';
import { Wakeup } from '../../lib/broker/redis/redis.wakeup.js';
import { FakeClock } from '../support/fake-clock.js';

/** A wake-up for queue `q` of a Redis that never answers. */
const aWakeup = () => {
  const asked: string[] = [];
  const client = {
    blmoveBuffer: (list: string) => {
      asked.push(list);
      return new Promise(() => undefined);
    },
  };
  const link = {
    up: true,
    start: () => undefined,
    close: () => undefined,
    whenUp: () => Promise.resolve(true),
    run: (send: (some: typeof client) => unknown) => send(client),
  };
  const clock = new FakeClock();
  const config = { blockingConnections: 1, pollingInterval: 100 };
  const keys = { list: (queue: string) => queue };
  const context = { clock, config, keys, openLink: () => link } as unknown as RedisContext;
  const looks: number[] = [];
  const wakeup = new Wakeup(context, () => void looks.push(clock.monotonicMs()));
  wakeup.setQueues(['q']);
  return { wakeup, asked, looks, clock };
};

it('asks Redis to wait once what this turn of the event loop has to send is on its way', async () => {
  const { wakeup, asked } = aWakeup();
  wakeup.arm();
  await Promise.resolve();
  expect(asked).toEqual([]);
  await nextTurn();
  expect(asked).toEqual(['q']);
  wakeup.close();
});

it('asks nothing where a message has come before that', async () => {
  const { wakeup, asked, looks } = aWakeup();
  wakeup.arm();
  wakeup.wake();
  await nextTurn();
  expect({ asked, looks }).toEqual({ asked: [], looks: [0] });
  wakeup.close();
});

it('looks by itself after pauses that grow while nothing comes', async () => {
  const { wakeup, looks, clock } = aWakeup();
  for (const pauseMs of [20, 40, 80, 100, 100]) {
    wakeup.arm();
    await clock.advance(pauseMs);
  }
  expect(looks).toEqual([20, 60, 140, 240, 340]);
  wakeup.arm();
  wakeup.busy();
  wakeup.arm();
  await clock.advance(20);
  expect(looks.at(-1)).toBe(360);
  wakeup.close();
  expect(clock.timers).toBe(0);
});
