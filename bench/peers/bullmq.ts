import { fileURLToPath } from 'node:url';
import { FlowProducer, Queue, QueueEvents, Worker, type Job } from 'bullmq';
import { argumentsOf, taskOf, type Order } from '../order.js';
import type { Peer } from './peer.js';

/**
 * BullMQ, which promises at least once. As its documentation advises for speed: a high concurrency, jobs removed when they are
 * done where nobody asks for their results, metrics off, sandboxed processors for what computes.
 */
export const bullmq: Peer = {
  async work(order, tick) {
    const { concurrency, pool, queue } = order;
    const options = { connection: connectionOf(order), concurrency, ...kept(order) };
    const run = async (job: Job): Promise<unknown> => {
      const part = job.data as { args?: unknown[] };
      if (part.args === undefined) return Object.keys(await job.getChildrenValues()).length;
      tick();
      return part.args.length;
    };
    const sandbox = fileURLToPath(new URL('bullmq.sandbox.js', import.meta.url));
    const worker =
      pool === 'none'
        ? new Worker(queue, run, options)
        : new Worker(queue, sandbox, { ...options, useWorkerThreads: pool === 'threads' }).on(
            'completed',
            tick,
          );
    await worker.waitUntilReady();
  },

  async publisher(order) {
    const queue = await opened(order);
    const data = { args: argumentsOf(order) };
    return () => queue.add(taskOf(order), data);
  },

  async caller(order) {
    const queue = await opened(order);
    const events = new QueueEvents(order.queue, { connection: connectionOf(order) });
    await events.waitUntilReady();
    const data = { args: argumentsOf(order) };
    return async () => (await queue.add(taskOf(order), data)).waitUntilFinished(events);
  },

  async flow(order) {
    const queue = await opened(order);
    const events = new QueueEvents(order.queue, { connection: connectionOf(order) });
    await events.waitUntilReady();
    const flows = new FlowProducer({ connection: connectionOf(order) });
    const parts = (size: number) =>
      Array.from({ length: size }, (_, index) => ({ name: 'inc', data: { args: [index] } }));
    if (order.flow === 'group')
      return async (size) => {
        const all = new Promise<void>((resolve) => {
          let done = 0;
          const heard = (): void => {
            done += 1;
            if (done < size) return;
            events.off('completed', heard);
            resolve();
          };
          events.on('completed', heard);
        });
        await queue.addBulk(parts(size));
        await all;
      };
    return async (size) => {
      const children = parts(size).map((part) => ({ ...part, queueName: order.queue }));
      const { job } = await flows.add({ name: 'total', queueName: order.queue, data: {}, children });
      await job.waitUntilFinished(events);
    };
  },

  async later(order) {
    const queue = await opened(order);
    return () => queue.add('later', { args: [1] }, { delay: 3_600_000 });
  },
};

function connectionOf({ broker }: Order): { host: string; port: number } {
  const { hostname, port } = new URL(broker);
  return { host: hostname, port: Number(port) };
}

function kept({ mode }: Order) {
  return mode === 'stored' ? {} : { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };
}

async function opened(order: Order): Promise<Queue> {
  const queue = new Queue(order.queue, { connection: connectionOf(order) });
  await queue.waitUntilReady();
  return queue;
}

/** Lays jobs ready, before a worker is there. */
export async function fillBullmq(order: Order, count: number): Promise<void> {
  const queue = await opened(order);
  const data = { args: argumentsOf(order) };
  for (let laid = 0; laid < count; laid += 1_000) {
    const length = Math.min(1_000, count - laid);
    await queue.addBulk(Array.from({ length }, () => ({ name: taskOf(order), data })));
  }
  await queue.close();
}
