import type { QueueDeclaration } from '../broker/topology.js';
import type { PausedQueues } from '../control/paused-queues.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import { printable } from './printable.js';
import { errorText } from './task.log.js';

export interface PauseGateDeps {
  readonly paused: Pick<PausedQueues, 'isPaused'>;
  /** What is consumed, or will be. */
  readonly consumer: {
    readonly queues: readonly QueueDeclaration[];
    addQueue(queue: QueueDeclaration): Promise<void>;
    removeQueue(name: string): Promise<void>;
  };
  readonly log: Log;
}

/** Keeps a worker from queues that are paused, also those that were paused before it started. */
export class PauseGate implements Service {
  readonly name = 'pause gate';
  readonly #held = new Map<string, QueueDeclaration>();

  constructor(private readonly deps: PauseGateDeps) {}

  /** Before the consumer: it begins with those queues that are not paused. What cannot be asked counts as not paused. */
  async start(): Promise<void> {
    const { paused, consumer, log } = this.deps;
    await Promise.all(
      consumer.queues.map(async (queue) => {
        try {
          if (await paused.isPaused(queue.name)) await this.pause(queue.name);
        } catch (error) {
          log.warn(`Queue ${queue.name}: not known whether it is paused: ${printable(errorText(error))}`);
        }
      }),
    );
  }

  async stop(): Promise<void> {
    this.#held.clear();
  }

  /** False: it is not consumed here. */
  async pause(name: string): Promise<boolean> {
    const queue = this.deps.consumer.queues.find((each) => each.name === name);
    if (queue === undefined) return this.#held.has(name);
    this.#held.set(name, queue);
    await this.deps.consumer.removeQueue(name);
    this.deps.log.log(`Queue ${name} is paused: it is not consumed until it is resumed`);
    return true;
  }

  /** False: it was not paused here. */
  async resume(name: string): Promise<boolean> {
    const queue = this.#held.get(name);
    if (queue === undefined) return false;
    this.#held.delete(name);
    await this.deps.consumer.addQueue(queue);
    this.deps.log.log(`Queue ${name} is consumed again`);
    return true;
  }
}
