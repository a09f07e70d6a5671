import { setTimeout as pause } from 'node:timers/promises';
import type { Workload } from '../measure.js';
import type { PeerName } from '../order.js';
import { residentMiB } from '../processes.js';
import type { Stage, Transport } from '../stage.js';
import { promiseOf, TITLES } from './peers.js';

const CONTENDERS: Readonly<Record<Transport, readonly PeerName[]>> = {
  RabbitMQ: ['nestjs-celery', 'celery'],
  Redis: ['nestjs-celery', 'bullmq', 'celery'],
};

/** Tasks that are due in an hour come in: what the worker's memory grows by, and how long a task due at once takes meanwhile. */
export function dueLater(stage: Stage, size: number): Workload[] {
  const flood = size;
  return (['RabbitMQ', 'Redis'] as const).map((transport) => ({
    name: `${transport}: flood of ${flood.toLocaleString('en')} tasks due in an hour`,
    contenders: CONTENDERS[transport].map((peer) => ({
      name: TITLES[peer],
      promise: promiseOf(peer, 'stored'),
      round: () =>
        stage.round(transport, async (scene) => {
          const concurrency = peer === 'celery' ? 2 : 50;
          await using worker = scene.start({ peer, role: 'work', mode: 'stored', concurrency });
          await worker.hear('ready');
          const calls = { peer, role: 'call', mode: 'stored', warmUp: 200, count: 100, pace: 50 } as const;
          await using client = scene.start(calls);
          await client.hear('ready');
          const before = residentMiB(worker.pids);
          await using flooding = scene.start({
            peer,
            role: 'flood',
            mode: 'stored',
            count: flood,
            width: 200,
          });
          const latency = await client.hear<{ 'ms p50': number; 'ms p99': number }>('sample');
          await flooding.hear('sample');
          await pause(1_000);
          return { ...latency, MiB: residentMiB(worker.pids) - before };
        }),
    })),
  }));
}
