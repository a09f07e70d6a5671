import { setTimeout as pause } from 'node:timers/promises';
import { residentMiB } from '../processes.js';
import type { Contender, Workload } from '../measure.js';
import type { Stage, Transport } from '../stage.js';

/** A worker before a queue of `size` and of a hundred times as many: the rate, and memory above a worker with nothing to do. */
export function depth(stage: Stage, size: number): Workload[] {
  return (['RabbitMQ', 'Redis'] as const).map((transport) => ({
    name: `${transport}: a long queue`,
    contenders: [drained(stage, transport, 'short', size), drained(stage, transport, 'long', size * 100)],
  }));
}

function drained(stage: Stage, transport: Transport, kind: string, length: number): Contender {
  return {
    name: `nestjs-celery, ${kind}: ${length.toLocaleString('en')}`,
    promise: 'at least once',
    round: async () => {
      const warmUp = Math.ceil(length / 10);
      const wish = { peer: 'nestjs-celery', role: 'work', warmUp, count: length - warmUp } as const;
      const idle = await stage.round(transport, async (scene) => {
        await using worker = scene.start(wish);
        await worker.hear('ready');
        await pause(1_000);
        return residentMiB(worker.pids);
      });
      return stage.round(transport, async (scene) => {
        await scene.fill(wish, length);
        await using worker = scene.start(wish);
        const { 'per second': rate, MiB } = await worker.hear<{ 'per second': number; MiB: number }>(
          'sample',
        );
        return { 'per second': rate, MiB: MiB - idle };
      });
    },
  };
}
