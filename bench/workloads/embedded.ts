import type { Contender, Sample, Workload } from '../measure.js';
import type { Stage, Wish } from '../stage.js';

/** The broker inside the process, where nothing is sent anywhere: what the library itself costs. */
export function embedded(stage: Stage, size: number): Workload[] {
  const memory = { peer: 'nestjs-celery', broker: 'memory://', backend: 'memory://' } as const;
  const warmUp = Math.ceil(size / 5);
  const many = { warmUp, count: size } as const;
  const contender = (name: string, promise: string, wish: Wish): Contender => ({
    name,
    promise,
    round: () =>
      stage.round('Redis', async (scene) => {
        await using actor = scene.start(wish);
        return ratesOf(await actor.hear<Sample>('sample'));
      }),
  });
  return [
    {
      name: 'embedded: publish, 500 in flight',
      contenders: [
        contender('nestjs-celery', 'in this process', { ...memory, ...many, role: 'publish', width: 500 }),
      ],
    },
    {
      name: 'embedded: process',
      contenders: (['late', 'early', 'stored'] as const).map((mode) =>
        contender(`nestjs-celery, ${TEXTS[mode]}`, 'in this process', {
          ...memory,
          ...many,
          role: 'work',
          mode,
        }),
      ),
    },
    {
      name: 'embedded: round trip, idle',
      contenders: [
        contender('nestjs-celery', 'in this process', { ...memory, ...many, role: 'call', mode: 'stored' }),
      ],
    },
  ];
}

const TEXTS = { late: 'late ack', early: 'early ack', stored: 'late ack, result stored' } as const;

/** Without the memory, which is that of the whole queue here. */
function ratesOf({ MiB, ...rest }: Sample): Sample {
  void MiB;
  return rest;
}
