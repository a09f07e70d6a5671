import type { Workload } from '../measure.js';
import type { PeerName } from '../order.js';
import type { Stage, Transport } from '../stage.js';
import { publishPromise, SHARES, TITLES } from './peers.js';

const CONTENDERS: Readonly<Record<Transport, readonly PeerName[]>> = {
  RabbitMQ: ['nestjs-celery', 'amqplib', 'golevelup', 'celery-node', 'celery'],
  Redis: ['nestjs-celery', 'ioredis', 'bullmq', 'celery-node', 'celery'],
};

/** How fast one process sends tasks: each when the one before it is answered for, and many side by side. */
export function publishing(stage: Stage, size: number): Workload[] {
  return (['RabbitMQ', 'Redis'] as const).flatMap((transport) =>
    [
      { text: 'one by one', width: 1, part: 0.2 },
      { text: '500 in flight', width: 500, part: 1 },
    ].map(({ text, width, part }) => ({
      name: `${transport}: publish, ${text}`,
      contenders: CONTENDERS[transport].map((peer) => ({
        name: TITLES[peer],
        promise: publishPromise(peer, transport),
        round: () =>
          stage.round(transport, async (scene) => {
            const count = Math.ceil(size * part * SHARES[peer]);
            const wish = { peer, role: 'publish', width, count, warmUp: Math.ceil(count / 5) } as const;
            await using client = scene.start(wish);
            return await client.hear<{ 'per second': number }>('sample');
          }),
      })),
    })),
  );
}
