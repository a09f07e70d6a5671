import type { Broker, Delivery } from '../broker/broker.js';
import { plainQueue, type QueueDeclaration } from '../broker/topology.js';
import { sleep, type Clock } from '../runtime/clock.js';
import { isRecord } from './record.js';

/** How long what is in a marker is waited for. */
const READ_MS = 5_000;

/**
 * Queues that are not to be consumed. Each is marked in the broker, by a queue beside it that holds a message, so that
 * workers which start later know of it too.
 */
export class PausedQueues {
  readonly #broker: Broker;
  readonly #clock: Clock;

  constructor(broker: Broker, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /** @throws BrokerUnavailableError */
  async isPaused(queue: string): Promise<boolean> {
    return (await this.#broker.size(markerOf(queue).name)) > 0;
  }

  /**
   * Marks the queue, or adds to its mark.
   * @param nodes workers that were made to leave it, and are to come back
   * @throws PublishError
   */
  async mark(queue: string, nodes: readonly string[]): Promise<void> {
    const marker = markerOf(queue);
    const body = Buffer.from(JSON.stringify({ queue, nodes }));
    const target = { exchange: '', routingKey: marker.name, queue: marker };
    await this.#broker.publish(target, {
      body,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      properties: { deliveryMode: 2, priority: 0 },
    });
  }

  /** Takes the mark away; the workers that are to come back. */
  async clear(queue: string): Promise<readonly string[]> {
    const marker = markerOf(queue);
    const count = await this.#broker.size(marker.name);
    if (count === 0) return [];
    const taken: Delivery[] = [];
    let all = (): void => undefined;
    const read = new Promise<void>((resolve) => (all = resolve));
    const subscription = await this.#broker.consume([marker], {
      prefetch: 0,
      onDelivery: (delivery) => {
        taken.push(delivery);
        if (taken.length >= count) all();
      },
    });
    const over = new AbortController();
    await Promise.race([read, sleep(this.#clock, READ_MS, over.signal)]);
    over.abort();
    await Promise.all(taken.map((delivery) => delivery.ack()));
    await subscription.cancel();
    await this.#broker.purge(marker.name);
    return [...new Set(taken.flatMap(({ message }) => nodesIn(message.body)))];
  }
}

/** Durable, and reachable by its name only. */
function markerOf(queue: string): QueueDeclaration {
  return Object.freeze({ ...plainQueue(`${queue}.paused`), exchange: undefined });
}

function nodesIn(body: Buffer): string[] {
  try {
    const read: unknown = JSON.parse(body.toString());
    const nodes = isRecord(read) ? read['nodes'] : undefined;
    return Array.isArray(nodes) ? nodes.filter((node) => typeof node === 'string') : [];
  } catch {
    return [];
  }
}
