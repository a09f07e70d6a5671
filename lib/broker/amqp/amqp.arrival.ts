import type { ConsumeMessage } from 'amqplib';
import type { WireMessage } from '../../message/wire-message.js';
import { isDelayed } from './amqp.delayed.js';
import { fromMessage } from './amqp.wire.js';

/** Where a deferred message was and what it carried before: header of the copy that waits, and of no other message. */
export const ORIGIN_HEADER = 'x-deferred-from';

const COUNT_HEADER = 'x-delivery-count';

/** A message as it is handed out: what RabbitMQ and deferring have added is read and taken off. */
export interface Arrival {
  readonly message: WireMessage;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly deliveryCount: number | undefined;
  /** Why its headers could not be read; undefined when they could. */
  readonly malformed: string | undefined;
}

/** @param counts true for a quorum queue, which counts returns and says nothing when there were none */
export function readArrival(from: ConsumeMessage, queue: string, counts: boolean): Arrival {
  const { exchange, routingKey, redelivered } = from.fields;
  const { message, malformed } = fromMessage(from);
  const { headers } = message;
  const count = headers[COUNT_HEADER];
  if (count !== undefined) delete headers[COUNT_HEADER];
  const deliveryCount = typeof count === 'number' ? count : counts ? 0 : undefined;
  const arrival = { message, exchange, routingKey, redelivered, deliveryCount, malformed };
  return isDelayed(exchange) ? asBefore(arrival, queue, headers) : arrival;
}

/**
 * A message that comes out of the delay queues, looking as before it went in. When a Python client delayed it, only its
 * queue is known.
 */
function asBefore(arrival: Arrival, queue: string, headers: Record<string, unknown>): Arrival {
  const origin = headers[ORIGIN_HEADER];
  delete headers[ORIGIN_HEADER];
  removeDeaths(headers);
  if (typeof origin !== 'object' || origin === null) return { ...arrival, exchange: '', routingKey: queue };
  const was = origin as Record<string, unknown>;
  const { message } = arrival;
  const { expiration } = was;
  return {
    ...arrival,
    message:
      typeof expiration === 'string'
        ? { ...message, properties: { ...message.properties, expiration } }
        : message,
    exchange: typeof was['exchange'] === 'string' ? was['exchange'] : '',
    routingKey: typeof was['routing_key'] === 'string' ? was['routing_key'] : queue,
    redelivered: arrival.redelivered || was['redelivered'] === true,
    deliveryCount: sum(arrival.deliveryCount, was['deliveries']),
  };
}

/** Notes of the way through the delay queues. Sent on, they would look to RabbitMQ like a circle, and it drops those. */
function removeDeaths(headers: Record<string, unknown>): void {
  const deaths = headers['x-death'];
  if (Array.isArray(deaths)) {
    const others = deaths.filter((death: unknown) => !isDelayed(Object(death).queue));
    if (others.length > 0) headers['x-death'] = others;
    else delete headers['x-death'];
  }
  for (const which of ['first', 'last']) {
    if (!isDelayed(headers[`x-${which}-death-queue`])) continue;
    for (const what of ['exchange', 'queue', 'reason']) delete headers[`x-${which}-death-${what}`];
  }
}

function sum(count: number | undefined, before: unknown): number | undefined {
  return count !== undefined && typeof before === 'number' ? count + before : count;
}
