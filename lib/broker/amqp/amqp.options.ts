import { InvalidOptionError } from '../../errors.js';
import { describe, integer, oneOf, readOptions, type Field } from '../../runtime/options.js';

/** Celery's `broker_transport_options` for RabbitMQ. */
export interface AmqpTransportOptions {
  /** Every publish waits for RabbitMQ's confirmation; it cannot be switched off. Default true. */
  confirmPublish?: true;
  /** Heartbeat of this broker alone, whole seconds; 0: none. Default: `brokerHeartbeat`. */
  heartbeat?: number;
  /** Largest frame, bytes; 0: the server decides. Default 131 072, which is also the least: headers are not split. */
  frameMax?: number;
  /** Channels of one connection, one for each queue consumed and a few more; 0: the server decides. Default 0. */
  channelMax?: number;
  /** How to log in; EXTERNAL takes the name from the TLS certificate (`broker_login_method`). Default PLAIN. */
  loginMethod?: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  /** Publishes that wait while RabbitMQ is away or takes no messages; one more is refused at once. Default 10 000. */
  maxWaitingPublishes?: number;
  /**
   * Type of the queues in which deferred messages wait. Must be equal in every process, Python's too
   * (`broker_native_delayed_delivery_queue_type`). Default quorum, which needs RabbitMQ 3.10.
   */
  nativeDelayedDeliveryQueueType?: 'quorum' | 'classic';
}

/** The same, read. */
export interface AmqpTransportConfig {
  readonly confirmPublish: true;
  readonly heartbeat: number | undefined;
  readonly frameMax: number;
  readonly channelMax: number;
  readonly loginMethod: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  readonly maxWaitingPublishes: number;
  readonly nativeDelayedDeliveryQueueType: 'quorum' | 'classic';
}

const LEAST_FRAME = 131_072;

export function readAmqpOptions(given: Readonly<Record<string, unknown>>): AmqpTransportConfig {
  return readOptions<AmqpTransportConfig>('brokerTransportOptions', given, {
    confirmPublish,
    heartbeat: integer(undefined, 0, 65_535),
    frameMax: (value, path) =>
      value === 0 ? 0 : integer(LEAST_FRAME, LEAST_FRAME, 2 ** 31 - 1)(value, path),
    channelMax: integer(0, 0, 65_535),
    loginMethod: oneOf(['PLAIN', 'AMQPLAIN', 'EXTERNAL'], 'PLAIN'),
    maxWaitingPublishes: integer(10_000, 1),
    nativeDelayedDeliveryQueueType: oneOf(['quorum', 'classic'], 'quorum'),
  });
}

const confirmPublish: Field<true> = (value, path) => {
  if (value === undefined || value === true) return true;
  throw new InvalidOptionError(
    path,
    `cannot be ${describe(value)}: without confirmation a message may be lost unseen. Leave it out.`,
  );
};
