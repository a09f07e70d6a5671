import { BrokerRefusedError, PublishError, TopologyConflictError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import { messageOf } from '../../runtime/message-of.js';
import type { PublishTarget } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';
import type { AmqpContext } from './amqp.context.js';
import { delayedCopy } from './amqp.deferrals.js';
import { delayTarget } from './amqp.delayed.js';
import type { AmqpPublisher } from './amqp.publisher.js';

/**
 * Publishes what nobody needs yet into the delay queues at once, as Celery's clients do for quorum queues: no worker has to
 * take it, and a flood of it stands in nobody's way. Where RabbitMQ refuses them, it goes to its queue like anything else.
 */
export class HoldingBack {
  /** By queue: until when nothing is held back for it, monotonic ms. */
  readonly #refused = new Map<string, number>();

  constructor(
    private readonly publisher: AmqpPublisher,
    private readonly context: AmqpContext,
  ) {}

  /** Undefined: it is to be published as usual. Rejects as `Broker.publish`. */
  publish(
    target: PublishTarget,
    message: WireMessage,
    notBeforeMs: number | undefined,
    limitMs: number,
  ): Promise<void> | undefined {
    if (notBeforeMs === undefined) return undefined;
    const queue = heldFor(target);
    const { clock } = this.context;
    const nowMs = clock.now();
    // The last second is a worker's to wait.
    if (queue === undefined || !(notBeforeMs - nowMs >= 1000)) return undefined;
    if ((this.#refused.get(queue.name) ?? 0) > clock.monotonicMs()) return undefined;
    const delayed = delayTarget(queue.name, notBeforeMs, nowMs);
    const deferral = { queue, dueMs: notBeforeMs };
    const copy = delayedCopy(message, target);
    const sentMs = clock.monotonicMs();
    return this.publisher.publish(delayed, copy, limitMs, deferral).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      this.#refused.set(queue.name, clock.monotonicMs() + REFUSED_MS);
      this.context.log.warn(
        `${this.context.url}: what is due later goes to queue ${JSON.stringify(queue.name)} at once and waits with a worker: ${messageOf(error)}`,
      );
      const leftMs = Math.max(1, sentMs + limitMs - clock.monotonicMs());
      return this.publisher.publish(target, message, leftMs);
    });
  }
}

/** Nothing was sent. */
function isRefusal(error: unknown): boolean {
  if (error instanceof TopologyConflictError) return true;
  return error instanceof PublishError && error.cause instanceof BrokerRefusedError;
}

/** Before RabbitMQ is asked for the delay queues again. */
const REFUSED_MS = 60_000;

/** The queue it goes to and to no other, if that one stays and does not refuse: whoever publishes is to hear of that. */
function heldFor({ exchange, routingKey, queue }: PublishTarget): QueueDeclaration | undefined {
  if (exchange !== '' || queue === undefined || queue.name !== routingKey) return undefined;
  const { 'x-expires': expires, 'x-overflow': overflow = 'drop-head' } = queue.arguments;
  const stays = queue.durable && !queue.exclusive && !queue.autoDelete && expires === undefined;
  return stays && overflow === 'drop-head' ? queue : undefined;
}
