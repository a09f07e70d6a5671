import type { PublishTarget } from '../broker/broker.js';
import type { QueueDeclaration } from '../broker/topology.js';
import type { CallOptions } from '../canvas/call.options.js';
import type { TaskDefinition } from '../task/task.definition.js';
import type { QueueTable } from './queue-table.js';
import type { PreparedRoutes, Route } from './task-routes.js';

/** A call as its route is decided by. */
export interface RoutedCall {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly task: TaskDefinition | undefined;
}

/** Where a call goes, and what its route says about it besides. */
export interface Destination {
  readonly target: PublishTarget;
  /** The queue it is meant for; undefined where only an exchange is named. */
  readonly queue: QueueDeclaration;
  readonly priority: number | undefined;
  readonly serializer: string | undefined;
  readonly compression: string | undefined;
}

/**
 * Decides where a call goes, by Celery's rules: the first router with an answer is laid under what the call (and its task's
 * own options) say; without a queue it is the default queue. On a direct exchange the message goes straight to the queue,
 * through the default exchange, unless exchange and routing key are both given.
 */
export class Router {
  constructor(
    private readonly routes: PreparedRoutes,
    private readonly queues: QueueTable,
  ) {}

  /** @param options the call's own with its task's */
  route(call: RoutedCall, options: CallOptions): Destination {
    const route = this.#ask(call, options);
    const exchange = options.exchange ?? route.exchange;
    const routingKey = options.routingKey ?? route.routingKey;
    const named = options.queue ?? route.queue;
    const queue = named === undefined ? this.queues.defaultQueue : this.queues.get(named);
    return {
      target: this.#target(queue, named !== undefined, exchange, routingKey),
      queue,
      priority: options.priority ?? route.priority,
      serializer: options.serializer ?? route.serializer,
      compression: options.compression ?? route.compression,
    };
  }

  #ask({ name, args, kwargs, task }: RoutedCall, options: CallOptions): Readonly<Route> {
    for (const route of this.routes) {
      const found = route(name, args, kwargs, options, task);
      if (found !== undefined) return found;
    }
    return NO_ROUTE;
  }

  #target(
    queue: QueueDeclaration,
    queueNamed: boolean,
    exchange: string | undefined,
    routingKey: string | undefined,
  ): PublishTarget {
    const declared = queue.consumerOnly ? {} : { queue };
    if (!exchange || !routingKey) {
      // Celery: a direct exchange is left out of it, whatever its name.
      if (queue.exchange === undefined || queue.exchange.type === 'direct')
        return { exchange: '', routingKey: queue.name, ...declared };
      const own = exchange === undefined ? queue.exchange : this.queues.exchange(exchange);
      return {
        exchange: exchange ?? queue.exchange.name,
        routingKey: routingKey ?? queue.routingKey,
        ...declared,
        ...(own === undefined ? {} : { exchangeDeclaration: own }),
      };
    }
    const known = this.queues.exchange(exchange);
    return {
      exchange,
      routingKey,
      // Nobody named a queue, so none is made: the exchange decides who gets it.
      ...(queueNamed ? declared : {}),
      ...(known === undefined ? {} : { exchangeDeclaration: known }),
    };
  }
}

const NO_ROUTE: Readonly<Route> = Object.freeze({});
