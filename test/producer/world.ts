import { openContent } from '../../lib/message/content.factory.js';
import { contentFields, type ContentConfig, type ContentOptions } from '../../lib/message/content.options.js';
import {
  producerFields,
  type ProducerConfig,
  type ProducerOptions,
} from '../../lib/producer/producer.options.js';
import { Producer } from '../../lib/producer/producer.js';
import { QueueTable } from '../../lib/producer/queue-table.js';
import { readOptions } from '../../lib/runtime/options.js';
import { parametersOf } from '../../lib/task/parameters.js';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { TaskDefinition } from '../../lib/task/task.definition.js';
import type { TaskOptions } from '../../lib/task/task.options.js';
import { FakeClock } from '../support/fake-clock.js';
import { taskDefaults } from '../task/defaults.js';
import { RecordingBroker } from './recording.broker.js';

/** The producer's options, read as an app reads them. */
export function producerConfig(options: ProducerOptions = {}): ProducerConfig {
  return readOptions<ProducerConfig>('celery', options, producerFields);
}

export function aTask(
  name: string,
  options: TaskOptions = {},
  fn: (...args: never[]) => unknown = anything,
): TaskDefinition {
  const config = readTaskOptions({ ...options, name }, taskDefaults());
  return { name, source: name, config, parameters: parametersOf(fn, { typing: config.typing }) };
}

const anything = (..._args: never[]): void => undefined;

/** What a test wants to be special about its producer. */
export interface ProducerWish {
  readonly options?: ProducerOptions;
  readonly content?: ContentOptions;
  readonly tasks?: readonly TaskDefinition[] | { get(name: string): TaskDefinition | undefined };
  readonly failures?: (Error | (() => Error))[];
  readonly replyTo?: string;
}

/** A producer whose broker keeps what it gets. */
export async function openProducer(wish: ProducerWish = {}) {
  const { tasks: given = [] } = wish;
  const clock = new FakeClock(new Date('2026-11-21T04:18:01.906Z'));
  const broker = new RecordingBroker(wish.failures);
  const contentConfig = readOptions<ContentConfig>('celery', wish.content ?? {}, contentFields);
  const content = await openContent(contentConfig);
  const config = { ...producerConfig(wish.options), ...contentConfig };
  const tasks = 'get' in given ? given : new Map(given.map((task) => [task.name, task]));
  const queues = new QueueTable(config);
  const producer = new Producer({
    broker,
    backend: undefined,
    content,
    queues,
    tasks,
    config,
    replyTo: () => wish.replyTo,
    publishTimeoutMs: 30_000,
    origin: 'gen6970@vm',
    clock,
  });
  return { producer, broker, clock, content, queues, config };
}
