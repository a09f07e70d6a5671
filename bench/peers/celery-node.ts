import { createClient, createWorker } from 'celery-node';
import { argumentsOf, taskOf } from '../order.js';
import type { Peer } from './peer.js';

/** celery-node: acknowledges before it runs, and always stores a result. It writes two lines for each task, which are dropped. */
export const celeryNode: Peer = {
  async work({ broker, backend, queue }, tick) {
    console.info = () => undefined;
    const worker = createWorker(broker, backend, queue);
    worker.conf.CELERY_BROKER_OPTIONS = SOCKET;
    worker.register('bench.noop', (...args: unknown[]) => {
      tick();
      return args.length;
    });
    await worker.isReady();
    void worker.start();
  },

  async publisher(order) {
    const client = createClient(order.broker, order.backend, order.queue);
    client.conf.CELERY_BROKER_OPTIONS = SOCKET;
    await client.isReady();
    const task = client.createTask(taskOf(order));
    const args = argumentsOf(order);
    // Its own calls do not say when a message is out: what its broker says is heard instead, in the order of the calls.
    const waiting: (() => void)[] = [];
    const { broker } = client as unknown as { broker: { publish(...all: unknown[]): Promise<unknown> } };
    const publish = broker.publish.bind(broker);
    broker.publish = async (...all) => {
      const answer = await publish(...all);
      waiting.shift()?.();
      return answer;
    };
    return () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        task.applyAsync(args);
      });
  },
};

/** Else each of its two round trips for a message waits for 40 ms, on RabbitMQ. */
const SOCKET = { noDelay: true };
