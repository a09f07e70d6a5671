import { BrokerClosedError } from '../../errors.js';
import type { ConsumeOptions, Subscription } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';
import { QueueConsumer, type ConsumerParts } from './amqp.consumer.js';
import type { AmqpSession } from './amqp.session.js';

/** A consumer for each queue; RabbitMQ serves them in turn. */
export class AmqpSubscription implements Subscription {
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumerParts;
  readonly #consumers = new Map<string, QueueConsumer>();
  /** Stopped, but perhaps with deliveries still to be settled. */
  readonly #retired = new Set<QueueConsumer>();
  readonly #onEnd: () => void;
  #prefetch: number;
  #cancelled = false;
  /** The session that the end was said to: what was settled on it and lost with it, no later one knows of. */
  #asked: AmqpSession | undefined;

  /** @param onEnd called when it is cancelled and nothing of it is held any more */
  constructor(options: ConsumeOptions, parts: ConsumerParts, onEnd: () => void) {
    this.#options = options;
    this.#onEnd = onEnd;
    this.#prefetch = options.prefetch;
    this.#parts = parts;
  }

  get missing(): readonly string[] {
    return [...this.#consumers.values()].filter(({ stands }) => !stands).map(({ queue }) => queue.name);
  }

  get unheard(): boolean {
    if (!this.#cancelled) return false;
    const now = this.#parts.connection.session;
    const asked = this.#asked ?? now;
    return asked === undefined || asked !== now || asked.unheard;
  }

  /**
   * Resolves when the consumers stand. A queue that RabbitMQ refuses is told to `onQueueLost` and tried for again as long
   * as another one stands; otherwise this rejects with the refusal, and nothing is left.
   */
  async open(queues: readonly QueueDeclaration[]): Promise<void> {
    const outcomes = await Promise.allSettled(queues.map((queue) => this.#add(queue)));
    const { onQueueLost } = this.#options;
    const reasons = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? asError(outcome.reason) : undefined,
    );
    const first = reasons.find((reason) => reason !== undefined);
    if (first === undefined) return;
    if (onQueueLost === undefined || reasons.every((reason) => reason !== undefined)) {
      await this.close();
      throw first;
    }
    for (const [index, reason] of reasons.entries()) {
      if (reason !== undefined) onQueueLost(queues[index]?.name ?? '', reason);
    }
  }

  async addQueue(queue: QueueDeclaration): Promise<void> {
    if (this.#cancelled) throw new BrokerClosedError(this.#parts.context.url);
    try {
      await this.#add(queue);
    } catch (error) {
      await this.removeQueue(queue.name);
      throw error;
    }
  }

  async removeQueue(queue: string): Promise<void> {
    const consumer = this.#consumers.get(queue);
    if (consumer === undefined) return;
    this.#consumers.delete(queue);
    this.#retired.add(consumer);
    await consumer.stop();
    void consumer.gone().then(() => {
      this.#retired.delete(consumer);
      this.#checkEnd();
    });
  }

  async setPrefetch(prefetch: number): Promise<void> {
    this.#prefetch = prefetch;
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.setPrefetch(prefetch)));
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    this.#asked ??= this.#parts.connection.session;
    await Promise.all([...this.#consumers.keys()].map((queue) => this.removeQueue(queue)));
    this.#checkEnd();
  }

  /** What is unsettled goes back to its queue. */
  async close(): Promise<void> {
    this.#cancelled = true;
    const all = [...this.#consumers.values(), ...this.#retired];
    await Promise.all(all.map((consumer) => consumer.close()));
    this.#onEnd();
  }

  #checkEnd(): void {
    if (this.#cancelled && this.#consumers.size + this.#retired.size === 0) this.#onEnd();
  }

  #add(queue: QueueDeclaration): Promise<void> {
    if (this.#consumers.has(queue.name)) return Promise.resolve();
    const consumer = new QueueConsumer(queue, this.#options, this.#prefetch, this.#parts);
    this.#consumers.set(queue.name, consumer);
    return consumer.start();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
