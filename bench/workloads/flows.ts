import type { Workload } from '../measure.js';
import type { PeerName } from '../order.js';
import type { Stage } from '../stage.js';
import { TITLES } from './peers.js';

/** BullMQ's flows are trees of jobs: its chord is a parent with children, and it has no chain of a thousand. */
const CONTENDERS: Readonly<Record<'chain' | 'group' | 'chord', readonly PeerName[]>> = {
  chain: ['nestjs-celery', 'celery'],
  group: ['nestjs-celery', 'bullmq', 'celery'],
  chord: ['nestjs-celery', 'bullmq', 'celery'],
};

/** From sending a workflow to having its result: steps or parts a second. */
export function flows(stage: Stage, size: number): Workload[] {
  const sizes = { chain: Math.ceil(size / 10), group: size, chord: size };
  return (['chain', 'group', 'chord'] as const).map((flow) => ({
    name: `Redis: ${flow} of ${sizes[flow].toLocaleString('en')}`,
    contenders: CONTENDERS[flow].map((peer) => ({
      name: TITLES[peer],
      promise: 'at least once, results stored',
      round: () =>
        stage.round('Redis', async (scene) => {
          const shared = { peer, mode: 'stored', flow } as const;
          await using worker = scene.start({
            ...shared,
            role: 'work',
            concurrency: peer === 'celery' ? 2 : 50,
          });
          await worker.hear('ready');
          await using client = scene.start({ ...shared, role: 'flow', warmUp: 20, count: sizes[flow] });
          return await client.hear<{ 'per second': number }>('sample');
        }),
    })),
  }));
}
