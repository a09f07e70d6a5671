import type { Contender, Workload } from '../measure.js';
import type { PeerName } from '../order.js';
import type { Scene, Stage, Transport, Wish } from '../stage.js';
import { promiseOf, SHARES, TITLES } from './peers.js';

const CONTENDERS: Readonly<Record<Transport, readonly PeerName[]>> = {
  RabbitMQ: ['nestjs-celery', 'amqplib', 'golevelup', 'celery'],
  Redis: ['nestjs-celery', 'ioredis', 'bullmq', 'celery'],
};

type Latency = { readonly 'ms p50': number; readonly 'ms p99': number };

/** From sending a task to having its result, one after the other, beside an idle worker and one at half of what it can do. */
export function latency(stage: Stage, size: number): Workload[] {
  return (['RabbitMQ', 'Redis'] as const).flatMap((transport) => [
    {
      name: `${transport}: round trip, idle`,
      contenders: CONTENDERS[transport].map((peer) => trips(stage, transport, peer, size / 10, called)),
    },
    {
      name: `${transport}: round trip, half load`,
      contenders: CONTENDERS[transport].map((peer) =>
        trips(stage, transport, peer, size / 10, calledUnderLoad),
      ),
    },
  ]);
}

type Play = (scene: Scene, peer: PeerName, count: number) => Promise<Latency>;

function trips(stage: Stage, transport: Transport, peer: PeerName, size: number, play: Play): Contender {
  const count = Math.ceil(size * Math.max(SHARES[peer], 0.5));
  return {
    name: TITLES[peer],
    promise: promiseOf(peer, 'stored'),
    round: () => stage.round(transport, (scene) => play(scene, peer, count)),
  };
}

async function called(scene: Scene, peer: PeerName, count: number): Promise<Latency> {
  await using worker = scene.start({ ...working(peer), warmUp: 0, count: 0 });
  await worker.hear('ready');
  await using client = scene.start({
    peer,
    role: 'call',
    mode: 'stored',
    warmUp: Math.ceil(count / 5),
    count,
  });
  return await client.hear<Latency>('sample');
}

async function calledUnderLoad(scene: Scene, peer: PeerName, count: number): Promise<Latency> {
  const some = Math.max(1_000, Math.ceil(count * 5 * SHARES[peer]));
  const wish = { ...working(peer), warmUp: some, count: some };
  await scene.fill(wish, 2 * some);
  await using worker = scene.start(wish);
  const { 'per second': most } = await worker.hear<{ 'per second': number }>('sample');
  // Celery's own clients are slower than its workers: the load on it comes from ours, in the same messages.
  const sender = peer === 'celery' ? 'nestjs-celery' : peer;
  const pace = Math.min(most / 2, MOST_PACE);
  await using load = scene.start({ peer: sender, role: 'load', mode: 'stored', width: 500, pace });
  await load.hear('ready');
  await using client = scene.start({
    peer,
    role: 'call',
    mode: 'stored',
    warmUp: Math.ceil(count / 5),
    count,
  });
  return await client.hear<Latency>('sample');
}

/** Tasks a second that a client can send beside a worker on two cores. */
const MOST_PACE = 5_000;

function working(peer: PeerName) {
  const concurrency = peer === 'celery' ? 2 : 50;
  return { peer, role: 'work', mode: 'stored', concurrency } as const satisfies Partial<Wish>;
}
