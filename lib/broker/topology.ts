/** An exchange as Celery declares it. Frozen. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: 'direct' | 'topic' | 'fanout' | 'headers';
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/**
 * A queue, its exchange and how they are bound, as Celery declares it. Frozen.
 * `arguments` are RabbitMQ's `x-…` words; other brokers honour those they know (`x-max-priority`, `x-message-ttl`)
 * and carry the rest.
 */
export interface QueueDeclaration {
  readonly name: string;
  /** Undefined: reachable by its name through the default exchange only. */
  readonly exchange: ExchangeDeclaration | undefined;
  readonly routingKey: string;
  /** More keys it is bound by, to the same exchange. */
  readonly bindings: readonly string[];
  /** For headers exchanges: the `x-match` table. */
  readonly bindingArguments: Readonly<Record<string, unknown>>;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** True for a queue that only its consumer declares (Broadcast, replies): publishers leave it alone. */
  readonly consumerOnly: boolean;
}

/** A queue as Celery makes it from a bare name: direct exchange, queue and key of that name, durable. */
export function plainQueue(name: string, args: Readonly<Record<string, unknown>> = {}): QueueDeclaration {
  return Object.freeze({
    name,
    exchange: Object.freeze({ name, type: 'direct', durable: true, autoDelete: false, arguments: {} }),
    routingKey: name,
    bindings: [],
    bindingArguments: {},
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: Object.freeze({ ...args }),
    consumerOnly: false,
  });
}
