import type { Contender, Workload } from '../measure.js';
import type { Stage, Wish } from '../stage.js';

const CONTENDERS: readonly { readonly name: string; readonly wish: Pick<Wish, 'peer' | 'pool'> }[] = [
  { name: 'nestjs-celery, prefork', wish: { peer: 'nestjs-celery', pool: 'prefork' } },
  { name: 'nestjs-celery, threads', wish: { peer: 'nestjs-celery', pool: 'threads' } },
  { name: 'BullMQ, sandboxed processes', wish: { peer: 'bullmq', pool: 'prefork' } },
  { name: 'BullMQ, sandboxed threads', wish: { peer: 'bullmq', pool: 'threads' } },
  { name: 'Celery, prefork', wish: { peer: 'celery' } },
];

/** Tasks that compute, in one child and in two. */
export function computing(stage: Stage, size: number): Workload[] {
  return [
    { taskMs: 1, count: Math.ceil(size / 20) },
    { taskMs: 50, count: Math.ceil(size / 500) },
  ].flatMap(({ taskMs, count }) =>
    [1, 2].map((concurrency) => ({
      name: `Redis: ${taskMs} ms of CPU per task, ${concurrency} ${concurrency === 1 ? 'child' : 'children'}`,
      contenders: CONTENDERS.map(({ name, wish }): Contender => {
        const order = {
          ...wish,
          role: 'work',
          taskMs,
          concurrency,
          warmUp: Math.ceil(count / 5),
          count,
        } as const;
        return {
          name,
          promise: 'at least once',
          round: () =>
            stage.round('Redis', async (scene) => {
              await scene.fill(order, order.warmUp + count);
              await using worker = scene.start(order);
              const { 'per second': rate } = await worker.hear<{ 'per second': number }>('sample');
              return { 'per second': rate };
            }),
        };
      }),
    })),
  );
}
