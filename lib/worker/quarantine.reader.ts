import type { Broker, Delivery, Subscription } from '../broker/broker.js';
import { plainQueue, type QueueDeclaration } from '../broker/topology.js';
import type { WireMessage } from '../message/wire-message.js';
import { sleep, type Clock } from '../runtime/clock.js';
import { messageOf } from '../runtime/message-of.js';
import { QUARANTINE_SUFFIX } from './quarantine.js';

/** A message that was moved out of the way, or dead-lettered. */
export interface QuarantinedMessage {
  /** Where it lies now. */
  readonly queue: string;
  /** Queue it came from, and goes back to; undefined: it does not say. */
  readonly from: string | undefined;
  /** Why it is here. */
  readonly reason: string | undefined;
  /** ISO 8601. */
  readonly since: string | undefined;
  /** Of its task, as far as its headers can be read. */
  readonly taskId: string | undefined;
  readonly task: string | undefined;
  /** Python's `repr`, cut by the sender. */
  readonly args: string | undefined;
  readonly kwargs: string | undefined;
  readonly message: WireMessage;
}

export interface ReplayOptions {
  /** Which. Default: all. */
  readonly filter?: (message: QuarantinedMessage) => boolean;
  /** From one message to the next. Default 0. */
  readonly intervalMs?: number;
  /** So many at most. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
}

export interface ReplayOutcome {
  /** Sent back to where they came from, or removed. */
  readonly done: readonly QuarantinedMessage[];
  /** Matched, but could not be sent back; still there. */
  readonly failed: readonly (readonly [message: QuarantinedMessage, reason: string])[];
}

/** Looked through at a time; what lies behind them is seen when these are gone. */
const MOST = 10_000;
/** Others may take messages meanwhile: after so long without one, there are no more. */
const NO_MORE_MS = 2_000;

/**
 * What lies in quarantine and dead-letter queues: shows it, sends it back, removes it. Messages are taken for that and
 * given back in their order: others that look at the same time see fewer of them.
 */
export class QuarantineReader {
  /** @param declarationOf a queue that was declared with more than its name: a dead-letter queue of the application's own */
  constructor(
    private readonly broker: Broker,
    private readonly clock: Clock,
    private readonly declarationOf: (queue: string) => QueueDeclaration = plainQueue,
  ) {}

  /** Name of the queue that what cannot be run of a queue is moved to. */
  static queueOf(name: string): string {
    return name.endsWith(QUARANTINE_SUFFIX) ? name : `${name}${QUARANTINE_SUFFIX}`;
  }

  /** The oldest first. @param queue where they lie */
  async list(queue: string, limit: number = MOST): Promise<QuarantinedMessage[]> {
    const found: QuarantinedMessage[] = [];
    await this.#each(queue, limit, undefined, async (_, message) => {
      found.push(message);
      return 'keep';
    });
    return found;
  }

  /**
   * Sends messages back to the queues they came from, whole, and without what quarantine wrote into them. One that the
   * process dies over may be sent twice, none is lost.
   */
  async replay(queue: string, options: ReplayOptions = {}): Promise<ReplayOutcome> {
    return this.#work(queue, options, async (delivery, { from, message }) => {
      if (from === undefined) return 'it does not say which queue it came from';
      if (message.headers[LOST_HEADERS] !== undefined) return 'its headers could not be kept as they were';
      try {
        await this.broker.publish({ exchange: '', routingKey: from }, unmarked(message));
      } catch (error) {
        return messageOf(error);
      }
      await delivery.ack();
      return undefined;
    });
  }

  /** Removes messages for good. */
  async discard(queue: string, options: Omit<ReplayOptions, 'intervalMs'> = {}): Promise<ReplayOutcome> {
    return this.#work(queue, options, async (delivery) => {
      await delivery.ack();
      return undefined;
    });
  }

  /** @param act gives the reason why it could not be done */
  async #work(
    queue: string,
    { filter = () => true, intervalMs = 0, limit = MOST, signal, onProgress }: ReplayOptions,
    act: (delivery: Delivery, message: QuarantinedMessage) => Promise<string | undefined>,
  ): Promise<ReplayOutcome> {
    const done: QuarantinedMessage[] = [];
    const failed: (readonly [QuarantinedMessage, string])[] = [];
    const of = Math.min(limit, await this.broker.size(queue));
    await this.#each(queue, MOST, signal, async (delivery, message) => {
      if (!filter(message)) return 'keep';
      if (done.length + failed.length >= limit) return 'stop';
      if (intervalMs > 0 && done.length > 0) await sleep(this.clock, intervalMs, signal);
      if (signal?.aborted === true) return 'stop';
      const reason = await act(delivery, message);
      if (reason === undefined) done.push(message);
      else failed.push([message, reason]);
      onProgress?.(done.length + failed.length, of);
      return reason === undefined ? 'gone' : 'keep';
    });
    return { done, failed };
  }

  /** Takes what lies there now, one after the other, and gives back what stays. */
  async #each(
    queue: string,
    limit: number,
    signal: AbortSignal | undefined,
    visit: (delivery: Delivery, message: QuarantinedMessage) => Promise<'keep' | 'gone' | 'stop'>,
  ): Promise<void> {
    const most = Math.min(limit, MOST, await this.broker.size(queue));
    if (most === 0) return;
    const taken = new Taken(this.clock);
    // All that are looked through stay taken until the end: given back earlier, they would come again at once.
    const subscription: Subscription = await this.broker.consume([this.declarationOf(queue)], {
      prefetch: most,
      onDelivery: taken.add,
    });
    const kept: Delivery[] = [];
    try {
      for (let seen = 0; seen < most && signal?.aborted !== true; seen += 1) {
        const delivery = await taken.next(NO_MORE_MS);
        if (delivery === undefined) break;
        const next = await visit(delivery, readQuarantined(delivery)).catch((error: unknown) => {
          kept.push(delivery);
          throw error;
        });
        if (next !== 'gone') kept.push(delivery);
        if (next === 'stop') break;
      }
    } finally {
      await subscription.cancel();
      for (const delivery of [...kept, ...taken.rest()]) await delivery.requeue();
    }
  }
}

const LOST_HEADERS = 'x-quarantine-headers';

/** Deliveries that wait to be looked at. */
class Taken {
  readonly #waiting: Delivery[] = [];
  #wake = (): void => undefined;

  constructor(private readonly clock: Clock) {}

  readonly add = (delivery: Delivery): void => {
    this.#waiting.push(delivery);
    this.#wake();
  };

  async next(withinMs: number): Promise<Delivery | undefined> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.after(withinMs, resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    return this.#waiting.shift();
  }

  rest(): readonly Delivery[] {
    return this.#waiting;
  }
}

export function readQuarantined({ queue, message }: Pick<Delivery, 'queue' | 'message'>): QuarantinedMessage {
  const { headers } = message;
  const death = lastDeath(headers['x-death']);
  return Object.freeze({
    queue,
    from: text(headers['x-quarantine-queue']) ?? text(headers['x-first-death-queue']) ?? death?.queue,
    reason: text(headers['x-quarantine-reason']) ?? death?.reason,
    since: text(headers['x-quarantine-time']) ?? death?.time,
    taskId: text(headers['id']) ?? message.properties.correlationId,
    task: text(headers['task']),
    args: text(headers['argsrepr']),
    kwargs: text(headers['kwargsrepr']),
    message,
  });
}

/** What RabbitMQ writes into a dead letter, latest first. */
function lastDeath(value: unknown): { queue?: string; reason?: string; time?: string } | undefined {
  const [latest]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof latest !== 'object' || latest === null) return undefined;
  const { queue, reason, time } = latest as Record<string, unknown>;
  const at = time instanceof Date ? time.toISOString() : undefined;
  return {
    ...(typeof queue === 'string' ? { queue } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(at === undefined ? {} : { time: at }),
  };
}

/** As it was before it came here; a count of deliveries begins anew. */
function unmarked({ headers, ...rest }: WireMessage): WireMessage {
  const own = Object.entries(headers).filter(
    ([name]) => !/^(x-(quarantine|death|first-death|last-death|delivery-count)|redelivered$)/.test(name),
  );
  return { ...rest, headers: Object.fromEntries(own) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
