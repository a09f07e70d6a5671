import type { Contender, Workload } from '../measure.js';
import type { Mode, PeerName } from '../order.js';
import type { Stage, Transport, Wish } from '../stage.js';
import { promiseOf, SHARES, TITLES } from './peers.js';

/** Who can do what: celery-node acknowledges early only, BullMQ after the run only. */
const CONTENDERS: Readonly<Record<Transport, Readonly<Record<Mode, readonly PeerName[]>>>> = {
  RabbitMQ: {
    early: ['nestjs-celery', 'amqplib', 'celery-node', 'celery'],
    late: ['nestjs-celery', 'amqplib', 'golevelup', 'celery'],
    stored: ['nestjs-celery', 'amqplib', 'celery'],
  },
  Redis: {
    early: ['nestjs-celery', 'ioredis', 'celery-node', 'celery'],
    late: ['nestjs-celery', 'ioredis', 'bullmq', 'celery'],
    stored: ['nestjs-celery', 'bullmq', 'celery'],
  },
};

const HEADINGS: Readonly<Record<Mode, string>> = {
  early: 'process, early ack',
  late: 'process, late ack',
  stored: 'process, late ack, result stored',
};

/** How fast one worker process works off a queue of tasks that do nothing, and of tasks with long arguments. */
export function processing(stage: Stage, size: number): Workload[] {
  return (['RabbitMQ', 'Redis'] as const).flatMap((transport) => [
    ...(['early', 'late', 'stored'] as const).map((mode) => ({
      name: `${transport}: ${HEADINGS[mode]}`,
      contenders: CONTENDERS[transport][mode].map((peer) => drains(stage, transport, { peer, mode }, size)),
    })),
    ...[
      { text: '1 KiB', payloadBytes: 1_024, part: 1 },
      { text: '64 KiB', payloadBytes: 65_536, part: 0.1 },
    ].map(({ text, payloadBytes, part }) => ({
      name: `${transport}: process, late ack, ${text} of arguments`,
      contenders: CONTENDERS[transport].late.map((peer) =>
        drains(stage, transport, { peer, mode: 'late', payloadBytes }, size * part),
      ),
    })),
  ]);
}

/** A worker with a queue full of tasks before it: the rate after the first third of them, when its code is compiled. */
export function drains(
  stage: Stage,
  transport: Transport,
  wish: Omit<Wish, 'role'> & { readonly mode: Mode },
  size: number,
  name: string = TITLES[wish.peer],
): Contender {
  const concurrency = wish.peer === 'celery' ? 2 : 50;
  const count = Math.ceil(size * SHARES[wish.peer]);
  const warmUp = Math.ceil(count / 2);
  return {
    name,
    promise: promiseOf(wish.peer, wish.mode),
    round: () =>
      stage.round(transport, async (scene) => {
        const full = { concurrency, ...wish, role: 'work', warmUp, count } as const;
        await scene.fill(full, warmUp + count);
        await using worker = scene.start(full);
        const sample = await worker.hear<{ 'per second': number }>('sample');
        return { 'per second': sample['per second'] };
      }),
  };
}
