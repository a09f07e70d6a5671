import { setTimeout as pause } from 'node:timers/promises';
import { inFlight, quantile } from './measure.js';
import { orderOfThisProcess, tell, type Order } from './order.js';
import type { Peer } from './peers/peer.js';

// A process of a benchmark: a worker or a client of one peer, which is all it loads. Children of a worker's pool run this
// file too.

const PEERS: Readonly<Record<Exclude<Order['peer'], 'celery'>, () => Promise<Peer>>> = {
  'nestjs-celery': async () => (await import('./peers/nestjs-celery.js')).nestjsCelery,
  bullmq: async () => (await import('./peers/bullmq.js')).bullmq,
  'celery-node': async () => (await import('./peers/celery-node.js')).celeryNode,
  golevelup: async () => (await import('./peers/golevelup.js')).golevelup,
  amqplib: async () => (await import('./peers/amqplib.js')).amqplib,
  ioredis: async () => (await import('./peers/ioredis.js')).ioredis,
};

const order = orderOfThisProcess();
if (order.peer === 'celery') throw new Error("Python's Celery has a process of its own: celery_peer.py");
const peer = await PEERS[order.peer]();
const { warmUp, count, width } = order;

switch (order.role) {
  case 'work':
    await part('work')(order, meter());
    tell('ready', true);
    break;
  case 'publish': {
    const send = await part('publisher')(order);
    await inFlight(warmUp, width, send);
    tell('sample', { 'per second': await rate(count, () => inFlight(count, width, send)) });
    break;
  }
  case 'call': {
    const call = await part('caller')(order);
    for (let each = 0; each < warmUp; each += 1) await call();
    tell('ready', true);
    const latenciesMs: number[] = [];
    for (let each = 0; each < count; each += 1) {
      const startMs = performance.now();
      await call();
      latenciesMs.push(performance.now() - startMs);
      if (order.pace > 0) await pause(1_000 / order.pace);
    }
    tell('sample', { 'ms p50': quantile(latenciesMs, 0.5), 'ms p99': quantile(latenciesMs, 0.99) });
    break;
  }
  case 'flow': {
    const run = await part('flow')(order);
    await run(warmUp);
    tell('sample', { 'per second': await rate(count, () => run(count)) });
    break;
  }
  case 'load': {
    const send = await part('publisher')(order);
    await inFlight(100, width, send);
    tell('ready', true);
    await atPace(send);
    break;
  }
  case 'flood': {
    const send = await part('later')(order);
    tell('sample', { 'per second': await rate(count, () => inFlight(count, width, send)) });
    break;
  }
}

function part<P extends keyof Peer>(name: P): NonNullable<Peer[P]> {
  const found = peer[name];
  if (found === undefined) throw new Error(`${order.peer} has no part "${name}"`);
  return found;
}

async function rate(done: number, work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (done / (performance.now() - startMs)) * 1_000;
}

/** Tells how fast tasks ran after the first ones, and the most memory it saw meanwhile. */
function meter(): () => void {
  let seen = 0;
  let startMs = performance.now();
  let mostBytes = 0;
  const looking = setInterval(
    () => (mostBytes = Math.max(mostBytes, process.memoryUsage.rss())),
    100,
  ).unref();
  return () => {
    seen += 1;
    if (seen === warmUp) startMs = performance.now();
    if (seen !== warmUp + count) return;
    const perSecond = (count / (performance.now() - startMs)) * 1_000;
    clearInterval(looking);
    tell('sample', {
      'per second': perSecond,
      MiB: Math.max(mostBytes, process.memoryUsage.rss()) / 2 ** 20,
    });
  };
}

/** Sends what is due every 5 ms. */
async function atPace(send: () => Promise<unknown>): Promise<never> {
  let lastMs = performance.now();
  for (let owed = 0; ;) {
    await pause(5);
    const nowMs = performance.now();
    owed += ((nowMs - lastMs) * order.pace) / 1_000;
    lastMs = nowMs;
    const due = Math.floor(owed);
    owed -= due;
    await inFlight(due, width, send);
  }
}
