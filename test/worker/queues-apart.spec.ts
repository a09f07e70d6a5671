import { expect, it } from 'vitest';
import type { Broker, Subscription } from '../../lib/broker/broker.js';
import { plainQueue } from '../../lib/broker/topology.js';
import { QueuesApart } from '../../lib/worker/queues-apart.js';

const options = () => ({ prefetch: 1, onDelivery: () => undefined });

it('a queue that was being added as its consumer ended is not consumed either', async () => {
  const cancelled: string[] = [];
  const opened: (() => void)[] = [];
  const broker: Partial<Broker> = {
    consume: async ([queue]) => {
      await new Promise<void>((resolve) => opened.push(resolve));
      return { cancel: async () => void cancelled.push(queue?.name ?? '') } as Subscription;
    },
  };
  const opening = QueuesApart.open(broker as Broker, [plainQueue('q')], options);
  opened[0]?.();
  const apart = await opening;
  const adding = apart.addQueue(plainQueue('r'));
  await apart.cancel();
  expect(cancelled).toEqual(['q']);
  opened[1]?.();
  await adding;
  expect(cancelled).toEqual(['q', 'r']);
});
