import { MemoryBroker } from '../../lib/broker/memory/memory.broker.js';
import type { Broker, Delivery } from '../../lib/broker/broker.js';
import { plainQueue } from '../../lib/broker/topology.js';
import type { ApplyAsyncOptions } from '../../lib/canvas/call.options.js';
import { readApplyOptions } from '../../lib/canvas/read-call-options.js';
import { makeSignature } from '../../lib/canvas/signature.js';
import { openContent } from '../../lib/message/content.factory.js';
import { contentFields, type ContentConfig, type ContentOptions } from '../../lib/message/content.options.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import {
  producerFields,
  type ProducerConfig,
  type ProducerOptions,
} from '../../lib/producer/producer.options.js';
import { Producer } from '../../lib/producer/producer.js';
import { QueueTable } from '../../lib/producer/queue-table.js';
import type { Log } from '../../lib/runtime/logger.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { readOptions } from '../../lib/runtime/options.js';
import { parametersOf } from '../../lib/task/parameters.js';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { TaskRegistry } from '../../lib/task/task.registry.js';
import type { TaskHandler } from '../../lib/worker/pool/pool.js';
import type { WorkerDeps } from '../../lib/worker/worker.deps.js';
import { Worker } from '../../lib/worker/worker.js';
import { readWorkerOptions, type WorkerOptions } from '../../lib/worker/worker.options.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { Inbox } from '../support/inbox.js';
import { taskDefaults } from '../task/defaults.js';
import { Hooks } from '../../lib/hooks/hooks.js';
import { KeptResults } from './kept-results.js';

/** A task of the test: its code, or its options with its code. */
export type ATask = TaskHandler | (TaskOptions & { readonly run: TaskHandler });

export interface WorldWish {
  readonly tasks: Readonly<Record<string, ATask>>;
  readonly worker?: WorkerOptions;
  readonly producer?: ProducerOptions;
  readonly content?: ContentOptions;
  /** Default `memory://`, a world of its own. */
  readonly url?: string;
  readonly clock?: FakeClock;
  readonly deps?: Partial<Pick<WorkerDeps, 'isRevoked' | 'backend'>>;
  /** Instead of `worker.start()`. */
  readonly start?: (worker: Worker) => Promise<void>;
  /** Puts something between the worker and its broker. */
  readonly wrap?: (broker: Broker) => Broker;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** A worker on the memory broker with a client beside it; the test holds the clock. */
export async function startWorld(wish: WorldWish) {
  const clock = wish.clock ?? new FakeClock(new Date('2026-11-21T04:18:00.000Z'));
  const lines: string[] = [];
  const log = recording(lines);
  const settings = {
    urls: [wish.url ?? 'memory://'],
    publishTimeoutMs: 30_000,
    connectTimeoutMs: 4_000,
    heartbeatSeconds: 20,
    transportOptions: {},
    tls: undefined,
    clientName: 'test',
    clock,
    log: silentLog,
  };
  const broker = MemoryBroker.open(settings);
  const seen = wish.wrap === undefined ? broker : wish.wrap(broker);
  const contentConfig = readOptions<ContentConfig>('celery', wish.content ?? {}, contentFields);
  const content = await openContent(contentConfig);
  const config = {
    ...readOptions<ProducerConfig>('celery', wish.producer ?? {}, producerFields),
    ...contentConfig,
  };
  const queues = new QueueTable(config);
  const tasks = new TaskRegistry();
  const handlers = new Map<string, TaskHandler>();
  for (const [name, task] of Object.entries(wish.tasks)) {
    const { run, ...options } = typeof task === 'function' ? { run: task } : task;
    const parameters = parametersOf((..._args: never[]) => undefined, { typing: false });
    tasks.add({
      name,
      source: name,
      config: readTaskOptions({ ...options, name }, taskDefaults()),
      parameters,
    });
    handlers.set(name, run);
  }
  const results = new KeptResults();
  const producer = new Producer({
    broker: seen,
    backend: results,
    content,
    queues,
    tasks,
    config,
    replyTo: () => undefined,
    publishTimeoutMs: 30_000,
    origin: 'gen1@test',
    clock,
  });
  const worker = new Worker({
    broker: seen,
    backend: results,
    content,
    sender: producer,
    queues,
    tasks,
    handlers,
    resultOf: ({ id }) => ({ id, get: () => Promise.reject(new Error('not here')) }) as never,
    config: readWorkerOptions({
      concurrency: 2,
      heartbeatInterval: 0,
      gossip: false,
      mingle: false,
      ...wish.worker,
    }),
    clock,
    log,
    random: () => 0.5,
    hooks: new Hooks(clock, log),
    ...wish.deps,
  });
  await (wish.start === undefined ? worker.start() : wish.start(worker));

  const send = async (
    task: string,
    args: readonly unknown[] = [],
    options: ApplyAsyncOptions = {},
    kwargs: Readonly<Record<string, unknown>> = {},
  ): Promise<string> => {
    const sent = await producer.send(
      makeSignature(task, { args, kwargs, immutable: false, options: readApplyOptions(options) }),
    );
    return sent.id;
  };
  return {
    broker,
    clock,
    content,
    lines,
    producer,
    results,
    worker,
    send,
    /** A message as it is, past the producer. */
    publish: (message: WireMessage, queue = 'celery') =>
      broker.publish({ exchange: '', routingKey: queue, queue: queues.get(queue) }, message),
    /** Until the task has this state. */
    until: (taskId: string, status: string) =>
      eventually(() => (results.last(taskId)?.status === status ? results.last(taskId) : undefined), {
        what: `${status} of ${taskId}`,
      }),
    /** Until nothing is in the worker's hands. */
    idle: async (): Promise<void> => {
      await clock.advance(0);
      await eventually(() => {
        const { running, waiting } = worker.status;
        return running + waiting === 0;
      });
      await clock.advance(0);
    },
    /** Everything that waits in the queue; takes it. */
    async take(queue: string, count: number): Promise<Delivery[]> {
      const inbox = new Inbox();
      const subscription = await broker.consume([plainQueue(queue)], {
        prefetch: 0,
        onDelivery: inbox.receive,
      });
      const taken = await inbox.take(count);
      for (const delivery of taken) await delivery.ack();
      await subscription.cancel();
      return taken;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const stopped = worker.stop(0);
      await clock.advance(60_000);
      await stopped;
      await broker.close();
    },
  };
}

function recording(lines: string[]): Log {
  const at = (level: string) => (message: string, stack?: string) =>
    void lines.push(`${level} ${message}${stack === undefined || stack === '' ? '' : ' +stack'}`);
  return { debug: at('debug'), log: at('log'), warn: at('warn'), error: at('error') };
}

/** A promise that the test settles. */
export function gate<T = void>() {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { open, opened };
}
