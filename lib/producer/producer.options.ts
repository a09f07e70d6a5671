import type { PublishRetryPolicy, ResolvedRetryPolicy } from '../canvas/call.options.js';
import { readRetryPolicy } from '../canvas/read-call-options.js';
import type { Duration } from '../runtime/duration.js';
import { bool, duration, integer, oneOf, text, type Field } from '../runtime/options.js';
import type { ExchangeType, QueueOptions, QueueType } from './queue.options.js';
import { amqpName, EXCHANGE_TYPES, QUEUE_TYPES, queueEntries, type QueueEntry } from './read-queue.js';
import { taskRoutes, type PreparedRoutes, type TaskRoutes } from './task-routes.js';

/** How calls find their queue, and how they are published. Celery's names in camelCase. */
export interface ProducerOptions {
  /** Where calls go that name no queue and that no route claims. Default `celery` (`task_default_queue`). */
  taskDefaultQueue?: string;
  /** `quorum`: the default queue is one. Default `classic` (`task_default_queue_type`). */
  taskDefaultQueueType?: QueueType;
  /** Exchange of the default queue and of queues that name none. Default: the default queue's name. */
  taskDefaultExchange?: string;
  /** Default `direct`. */
  taskDefaultExchangeType?: ExchangeType;
  /** Default: the default queue's name. */
  taskDefaultRoutingKey?: string;
  /**
   * The queues, as names or with all their settings. A worker consumes them all unless it names some; the default queue
   * is then one of them only if it is listed. Default: the default queue (`task_queues`).
   */
  taskQueues?: readonly (string | QueueOptions)[];
  /** RabbitMQ: `x-max-priority` of every queue that sets none. Default none (`task_queue_max_priority`). */
  taskQueueMaxPriority?: number;
  /** Make queues that are not in `taskQueues` when they are first named. Default true (`task_create_missing_queues`). */
  taskCreateMissingQueues?: boolean;
  /** Type of those. Default `classic` (`task_create_missing_queue_type`). */
  taskCreateMissingQueueType?: QueueType;
  /** Exchange type of those. Default `direct` (`task_create_missing_queue_exchange_type`). */
  taskCreateMissingQueueExchangeType?: ExchangeType;
  /** Which task goes where: see `TaskRoutes`. Default none (`task_routes`). */
  taskRoutes?: TaskRoutes;
  /** Repeat a publish that failed and was surely not delivered. Default true (`task_publish_retry`). */
  taskPublishRetry?: boolean;
  /** How often and after which waits (`task_publish_retry_policy`). */
  taskPublishRetryPolicy?: PublishRetryPolicy;
  /** Calls from inside a task get its priority unless they have one. Default false (`task_inherit_parent_priority`). */
  taskInheritParentPriority?: boolean;
  /** Priority of calls that have none. Default 0 (`task_default_priority`). */
  taskDefaultPriority?: number;
  /** `transient` messages are lost when the broker restarts. Default `persistent` (`task_default_delivery_mode`). */
  taskDefaultDeliveryMode?: 'persistent' | 'transient';
  /** A chord's error callbacks are called for tasks of its header too. Default false (`task_allow_error_cb_on_chord_header`). */
  taskAllowErrorCbOnChordHeader?: boolean;
  /** Tell monitors of each task that is sent. Default false (`task_send_sent_event`). */
  taskSendSentEvent?: boolean;
  /** When parts of a chord that have not come are taken for lost, and the chord fails. Default 1 day. */
  resultChordLostAfter?: Duration;
}

/** Everything decided. */
export interface ProducerConfig {
  readonly taskDefaultQueue: string;
  readonly taskDefaultQueueType: QueueType;
  readonly taskDefaultExchange: string | undefined;
  readonly taskDefaultExchangeType: ExchangeType;
  readonly taskDefaultRoutingKey: string | undefined;
  readonly taskQueues: readonly QueueEntry[];
  readonly taskQueueMaxPriority: number | undefined;
  readonly taskCreateMissingQueues: boolean;
  readonly taskCreateMissingQueueType: QueueType;
  readonly taskCreateMissingQueueExchangeType: ExchangeType;
  readonly taskRoutes: PreparedRoutes;
  readonly taskPublishRetry: boolean;
  readonly taskPublishRetryPolicy: ResolvedRetryPolicy;
  readonly taskInheritParentPriority: boolean;
  readonly taskDefaultPriority: number;
  readonly taskDefaultDeliveryMode: 'persistent' | 'transient';
  readonly taskAllowErrorCbOnChordHeader: boolean;
  readonly taskSendSentEvent: boolean;
  /** ms. */
  readonly resultChordLostAfter: number;
}

export const producerFields: { readonly [K in keyof ProducerConfig]-?: Field<ProducerConfig[K]> } = {
  taskDefaultQueue: (value, path) => amqpName(value ?? 'celery', path),
  taskDefaultQueueType: oneOf(QUEUE_TYPES, 'classic'),
  taskDefaultExchange: text(undefined),
  taskDefaultExchangeType: oneOf(EXCHANGE_TYPES, 'direct'),
  taskDefaultRoutingKey: text(undefined),
  taskQueues: queueEntries,
  taskQueueMaxPriority: integer(undefined, 1, 255),
  taskCreateMissingQueues: bool(true),
  taskCreateMissingQueueType: oneOf(QUEUE_TYPES, 'classic'),
  taskCreateMissingQueueExchangeType: oneOf(EXCHANGE_TYPES, 'direct'),
  taskRoutes,
  taskPublishRetry: bool(true),
  taskPublishRetryPolicy: (value, path) =>
    Object.freeze({ ...CELERYS_POLICY, ...(value === undefined ? {} : readRetryPolicy(value, path)) }),
  taskInheritParentPriority: bool(false),
  taskDefaultPriority: integer(0, 0, 255),
  taskDefaultDeliveryMode: oneOf(['persistent', 'transient'], 'persistent'),
  taskAllowErrorCbOnChordHeader: bool(false),
  taskSendSentEvent: bool(false),
  resultChordLostAfter: duration(86_400_000),
};

const CELERYS_POLICY: ResolvedRetryPolicy = {
  maxRetries: 3,
  intervalStartMs: 0,
  intervalStepMs: 200,
  intervalMaxMs: 1_000,
};
