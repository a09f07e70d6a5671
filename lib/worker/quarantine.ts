import type { Broker, Delivery } from '../broker/broker.js';
import { plainQueue, type QueueDeclaration } from '../broker/topology.js';
import { BrokerClosedError, BrokerUnavailableError, PublishError } from '../errors.js';
import type { WireMessage } from '../message/wire-message.js';
import type { Clock } from '../runtime/clock.js';
import { failpoint } from '../runtime/failpoint.js';
import { printable } from './printable.js';

/** Suffix of the queue that unrunnable messages of a queue are moved to. */
export const QUARANTINE_SUFFIX = '.quarantine';

/** Moves messages out of the way, whole, to where a person can look at them and send them back. */
export class Quarantine {
  readonly #queues = new Map<string, QueueDeclaration>();

  constructor(
    private readonly broker: Broker,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves once the broker has the copy and the original is settled.
   * @throws what publishing threw; the original is then untouched
   */
  async put(delivery: Delivery, reason: string): Promise<void> {
    const queue = this.#queueFor(delivery.queue);
    const target = { exchange: '', routingKey: queue.name, queue };
    const marks = this.#marks(delivery, reason);
    const { headers, ...rest } = unexpiring(delivery.message);
    try {
      await this.broker.publish(target, { ...rest, headers: { ...headers, ...marks } });
    } catch (error) {
      if (mayPass(error)) throw error;
      // Headers the broker's own encoder refuses: kept as text.
      const asText = printable(JSON.stringify(headers, plain) ?? '', LONGEST_HEADERS);
      await this.broker.publish(target, { ...rest, headers: { ...marks, 'x-quarantine-headers': asText } });
    }
    await failpoint('quarantined');
    await delivery.ack();
  }

  #marks({ queue }: Delivery, reason: string): Record<string, string> {
    return {
      'x-quarantine-reason': printable(reason),
      'x-quarantine-queue': queue,
      'x-quarantine-time': new Date(this.clock.now()).toISOString(),
    };
  }

  #queueFor(name: string): QueueDeclaration {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = plainQueue(`${name}${QUARANTINE_SUFFIX}`);
    this.#queues.set(name, queue);
    return queue;
  }
}

const LONGEST_HEADERS = 16_384;

/** A message that is kept for a person must not run out. */
function unexpiring(message: WireMessage): WireMessage {
  const { expiration: _, ...properties } = message.properties;
  return { ...message, properties };
}

function mayPass(error: unknown): boolean {
  return [PublishError, BrokerUnavailableError, BrokerClosedError].some((each) => error instanceof each);
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
