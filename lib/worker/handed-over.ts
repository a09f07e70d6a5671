import type { Delivery, PublishTarget } from '../broker/broker.js';
import type { WireMessage } from '../message/wire-message.js';

/** A message that never was with a broker: settling it does nothing. */
export function handedOver(
  message: WireMessage,
  { exchange, routingKey, queue }: Pick<PublishTarget, 'exchange' | 'routingKey' | 'queue'>,
): Delivery {
  const settled = async () => 'settled' as const;
  return {
    message,
    queue: queue?.name ?? routingKey,
    exchange,
    routingKey,
    redelivered: false,
    deliveryCount: undefined,
    malformed: undefined,
    lost: new AbortController().signal,
    isLost: false,
    ack: settled,
    reject: settled,
    requeue: settled,
    defer: settled,
  };
}
