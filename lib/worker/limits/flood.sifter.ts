import type { Subscription } from '../../broker/broker.js';
import type { Content } from '../../message/content.js';
import { decodeTaskMessage } from '../../message/task-message.codec.js';
import type { TaskMessage } from '../../message/task-message.js';
import type { WireMessage } from '../../message/wire-message.js';
import type { Clock } from '../../runtime/clock.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import { admit } from '../admission.js';
import type { Line, Limits } from './limits.js';

export interface FloodSifterDeps {
  readonly subscription: Pick<Subscription, 'sift'>;
  readonly content: Content;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly limits: Pick<Limits, 'lineOf'>;
  readonly isRevoked: (message: TaskMessage) => boolean;
  readonly clock: Clock;
}

/**
 * Puts a flood of messages away in the broker, without taking them, while most of those in front are ones that cannot run,
 * over their limit or not due: what comes behind them is reached sooner.
 */
export class FloodSifter {
  readonly #seen = new Map<string, { sinceMs: number; parked: number }>();
  readonly #sifting = new Set<string>();
  #stopped = false;

  constructor(private readonly deps: FloodSifterDeps) {}

  /** A message of this queue was taken and put away again at once. */
  parked(queue: string): void {
    if (this.#stopped || this.deps.subscription.sift === undefined || this.#sifting.has(queue)) return;
    const nowMs = this.deps.clock.monotonicMs();
    const seen = this.#seen.get(queue);
    if (seen === undefined || nowMs - seen.sinceMs > WINDOW_MS) {
      this.#seen.set(queue, { sinceMs: nowMs, parked: 1 });
      return;
    }
    seen.parked += 1;
    if (seen.parked < FLOOD) return;
    this.#seen.delete(queue);
    this.#sifting.add(queue);
    // What goes wrong is left to those that are taken one by one.
    void this.#sift(queue)
      .catch(() => undefined)
      .finally(() => this.#sifting.delete(queue));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #sift(queue: string): Promise<void> {
    const { subscription, clock } = this.deps;
    const lines = new Map<WireMessage, Line>();
    while (!this.#stopped) {
      lines.clear();
      const sifted = await subscription.sift?.(queue, (messages) =>
        Promise.all(
          messages.map(async (message) => {
            const line = await this.#lineOf(message);
            if (line === undefined) return undefined;
            lines.set(message, line);
            return clock.now() + line.waitMs;
          }),
        ),
      );
      if (sifted === undefined) return;
      for (const { message, mark } of sifted.put) lines.get(message)?.lineUp?.(mark);
      if (sifted.put.length < FLOOD || sifted.put.length * 2 < sifted.looked) return;
    }
  }

  async #lineOf(wire: WireMessage): Promise<Line | undefined> {
    const { content, tasks, limits, isRevoked, clock } = this.deps;
    const name = wire.headers['task'];
    const definition = typeof name === 'string' ? tasks.get(name) : undefined;
    if (definition === undefined) return undefined;
    try {
      const message = decodeTaskMessage(wire, content);
      const now = clock.now();
      const verdict = admit(message, { now, known: true, isRevoked });
      if (verdict.run === 'later') return { waitMs: verdict.dueMs - now, lineUp: undefined };
      return verdict.run === 'now' ? await limits.lineOf(message, definition) : undefined;
    } catch {
      // Whoever takes it finds out why.
      return undefined;
    }
  }
}

/** Parked one by one within `WINDOW_MS`, so many are a flood. */
const FLOOD = 20;
const WINDOW_MS = 250;
