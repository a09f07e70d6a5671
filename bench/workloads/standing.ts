import { setTimeout as pause } from 'node:timers/promises';
import type { Contender, Workload } from '../measure.js';
import { cpuMs, residentMiB } from '../processes.js';
import type { Stage, Wish } from '../stage.js';
import { promiseOf } from './peers.js';

const CONTENDERS: readonly { readonly name: string; readonly wish: Pick<Wish, 'peer' | 'extra'> }[] = [
  { name: 'nestjs-celery', wish: { peer: 'nestjs-celery' } },
  { name: 'nestjs-celery in Nest', wish: { peer: 'nestjs-celery', extra: 'nest' } },
  { name: 'BullMQ', wish: { peer: 'bullmq' } },
  { name: 'celery-node', wish: { peer: 'celery-node' } },
  { name: 'Celery, 2 children', wish: { peer: 'celery' } },
];

/** What a worker costs before it works, on Redis. */
export function standing(stage: Stage): Workload[] {
  return [
    {
      name: 'Redis: cold start, from the command to the first task done',
      contenders: contenders(async (wish) =>
        stage.round('Redis', async (scene) => {
          const order = { ...wish, warmUp: 0, count: 1 };
          await scene.fill(order, 1);
          await using worker = scene.start(order);
          await worker.hear('sample');
          return { ms: performance.now() - worker.startedMs };
        }),
      ),
    },
    {
      name: 'Redis: idle worker',
      contenders: contenders(async (wish) =>
        stage.round('Redis', async (scene) => {
          await using worker = scene.start(wish);
          await worker.hear('ready');
          await pause(1_000);
          const [beforeMs, startMs] = [cpuMs(worker.pids), performance.now()];
          await pause(3_000);
          const share = (cpuMs(worker.pids) - beforeMs) / (performance.now() - startMs);
          return { '% of a core': share * 100, MiB: residentMiB(worker.pids) };
        }),
      ),
    },
  ];

  function contenders(round: (wish: Wish) => ReturnType<Contender['round']>): Contender[] {
    return CONTENDERS.map(({ name, wish }) => ({
      name,
      promise: promiseOf(wish.peer, 'late'),
      round: () =>
        round({ ...wish, role: 'work', mode: 'late', concurrency: wish.peer === 'celery' ? 2 : 50 }),
    }));
  }
}
