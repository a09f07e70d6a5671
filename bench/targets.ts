import type { Row, Unit } from './measure.js';

/** A figure that the project has set itself. */
interface Target {
  readonly workload: string;
  /** The contender that it is about, or compared with. Both by how they begin. */
  readonly contender: string;
  readonly unit: Unit;
  readonly text: string;
  readonly figure: (row: Row) => number;
  readonly met: (figure: number) => boolean;
}

const faster = (workload: string, contender: string, times: number, unit: Unit = 'per second'): Target => ({
  workload,
  contender,
  unit,
  text: `at least ${times} x ${contender}`,
  figure: ({ ratio }) => ratio,
  met: (ratio) => ratio >= times,
});

const whenDeep = (transport: string): Target[] => [
  {
    workload: `${transport}: a long queue`,
    contender: 'nestjs-celery, long',
    unit: 'per second',
    text: 'at least 0.9 x the rate of a queue a hundredth as long',
    figure: ({ ratio }) => 1 / ratio,
    met: (share) => share >= 0.9,
  },
  {
    workload: `${transport}: a long queue`,
    contender: 'nestjs-celery, long',
    unit: 'MiB',
    text: 'at most 50 MiB above an idle worker',
    figure: ({ value }) => value,
    met: (grown) => grown <= 50,
  },
];

const TARGETS: readonly Target[] = [
  faster('RabbitMQ: publish, one by one', 'raw amqplib', 0.9),
  faster('RabbitMQ: publish, 500 in flight', 'raw amqplib', 0.9),
  faster('RabbitMQ: process, late ack', 'raw amqplib', 0.75),
  faster('Redis: publish, one by one', 'BullMQ', 2),
  faster('Redis: publish, 500 in flight', 'BullMQ', 2),
  faster('Redis: process, late ack', 'BullMQ', 2),
  faster('RabbitMQ: process, late ack', 'Celery', 8),
  faster('RabbitMQ: process, late ack, result stored', 'Celery', 8),
  faster('Redis: process, late ack', 'Celery', 8),
  faster('Redis: process, late ack, result stored', 'Celery', 8),
  faster('Redis: round trip, idle', 'BullMQ', 1, 'ms p50'),
  faster('Redis: chord of ', 'Celery', 10),
  ...whenDeep('RabbitMQ'),
  ...whenDeep('Redis'),
];

export interface Verdict {
  readonly workload: string;
  readonly target: string;
  readonly figure: number;
  readonly met: boolean;
}

/** What became of the targets that were measured. */
export function verdicts(rows: readonly Row[]): Verdict[] {
  return TARGETS.flatMap(({ workload, contender, unit, text, figure, met }) => {
    const row = rows.find(
      (some) =>
        (some.workload === workload || (workload.endsWith(' ') && some.workload.startsWith(workload))) &&
        some.contender.startsWith(contender) &&
        some.unit === unit,
    );
    if (row === undefined) return [];
    const reached = figure(row);
    return [{ workload: row.workload, target: text, figure: reached, met: met(reached) }];
  });
}
