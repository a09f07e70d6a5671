import { describe, expect, it } from 'vitest';
import { Slots } from '../../lib/runtime/slots.js';
import { PoolRoom } from '../../lib/worker/pool.room.js';

const [async, cpu] = [new Slots(8), new Slots(2)];
const aRoom = () =>
  new PoolRoom(() => [
    { slots: async, most: 8 },
    { slots: cpu, most: 2 },
  ]);

describe('the room for messages of a queue', () => {
  it('is that of the pool which its last message ran in', () => {
    const room = aRoom();
    room.came('a', async);
    room.came('b', cpu);
    for (const slots of [async, cpu, cpu]) room.took(slots);
    expect([room.of('a'), room.of('b')]).toEqual([7, 0]);
    room.left(cpu);
    expect([room.of('a'), room.of('b')]).toEqual([7, 1]);
  });

  it('is one at least where nothing has come yet, whatever is full', () => {
    const room = aRoom();
    expect(room.of('a')).toBe(2);
    for (const slots of [cpu, cpu]) room.took(slots);
    expect(room.of('a')).toBe(1);
  });

  it('of all queues together is that of the fullest pool', () => {
    const room = aRoom();
    for (const slots of [async, cpu, cpu]) room.took(slots);
    expect(room.of(undefined)).toBe(0);
  });
});
