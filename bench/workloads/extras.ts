import type { Workload } from '../measure.js';
import type { Stage } from '../stage.js';
import { drains } from './process.js';

/** What is paid for what can be switched on, on Redis with late acknowledgement. */
export function extras(stage: Stage, size: number): Workload[] {
  const late = { mode: 'late' } as const;
  const ours = { ...late, peer: 'nestjs-celery' } as const;
  const celery = { ...late, peer: 'celery' } as const;
  return [
    {
      name: 'Redis: cost of events',
      contenders: [
        drains(stage, 'Redis', ours, size, 'nestjs-celery, events off'),
        drains(stage, 'Redis', { ...ours, extra: 'events' }, size, 'nestjs-celery, events on'),
        drains(stage, 'Redis', celery, size, 'Celery, events off'),
        drains(stage, 'Redis', { ...celery, extra: 'events' }, size, 'Celery, events on'),
      ],
    },
    {
      name: 'Redis: cost of Nest',
      contenders: [
        drains(stage, 'Redis', ours, size, 'nestjs-celery, a function'),
        drains(stage, 'Redis', { ...ours, extra: 'nest' }, size, 'a provider'),
        drains(stage, 'Redis', { ...ours, extra: 'nest guard' }, size, 'a provider with a guard'),
        drains(
          stage,
          'Redis',
          { ...ours, extra: 'nest interceptor' },
          size,
          'a provider with an interceptor',
        ),
        drains(stage, 'Redis', { ...ours, extra: 'nest request scope' }, size, 'a provider in request scope'),
      ],
    },
  ];
}
