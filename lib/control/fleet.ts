import type { Duration } from '../runtime/duration.js';
import { durationMs } from '../runtime/duration.js';
import type { Ask } from './inspect.js';
import type { NodeReply } from './reply.js';

type Tell = (method: string, args: Readonly<Record<string, unknown>>) => Promise<void>;

/** Tasks by their ids, or everything of the workflows that began with these. */
export type Revoked = string | readonly string[] | { readonly rootId: string | readonly string[] };

export interface RevokeOptions {
  /**
   * End it where it runs already: its signal is aborted, and what has not ended within the worker's `abortGrace` is cut short,
   * its process or thread killed. Default false.
   */
  readonly terminate?: boolean;
  /** Signal for processes that run it; our workers only tell `SIGKILL`, at once, from others. Default `SIGTERM`. */
  readonly signal?: string;
}

/** A queue for `addConsumer`, where it is not in the worker's own settings. */
export interface ConsumerOptions {
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: string;
  readonly routingKey?: string;
}

/** Celery's `control`: changes what workers do. What a worker refuses is in its reply's `error`. */
export class Fleet {
  readonly #ask: Ask;
  readonly #tell: Tell;

  constructor(ask: Ask, tell: Tell) {
    this.#ask = ask;
    this.#tell = tell;
  }

  /**
   * Tells workers not to run these tasks, or whole workflows: `{ rootId }`, the id of a workflow's first task, which all of
   * its tasks carry as their root id, also those that are sent later (of workers in Python, only the first task itself heeds
   * it). As in Celery nobody answers: a worker that starts later hears it from others.
   */
  revoke(what: Revoked, options: RevokeOptions = {}): Promise<void> {
    return this.#tell('revoke', { ...named(what), ...terminating(options) });
  }

  /** `revoke` with `terminate`. */
  terminate(what: Revoked, signal = 'SIGTERM'): Promise<void> {
    return this.revoke(what, { terminate: true, signal });
  }

  /** Tells workers not to run tasks stamped with one of these values. */
  revokeByStampedHeaders(
    headers: Readonly<Record<string, string | readonly string[]>>,
    options: RevokeOptions = {},
  ): Promise<void> {
    return this.#tell('revoke_by_stamped_headers', { headers, ...terminating(options) });
  }

  /** @param rate `10/s`, `100/m`, `5/h`, a number a second; `null`: none */
  rateLimit(taskName: string, rate: string | number | null): Promise<NodeReply<string>[]> {
    return this.#ask('rate_limit', { task_name: taskName, rate_limit: rate });
  }

  /** Limits on a run of this task, for calls that bring none. `undefined`: none. */
  timeLimit(
    taskName: string,
    { hard, soft }: { readonly hard?: Duration; readonly soft?: Duration },
  ): Promise<NodeReply<string>[]> {
    const seconds = (limit: Duration | undefined, path: string): number | null =>
      limit === undefined ? null : durationMs(limit, path) / 1000;
    return this.#ask('time_limit', {
      task_name: taskName,
      hard: seconds(hard, 'hard'),
      soft: seconds(soft, 'soft'),
    });
  }

  /** More handlers at once. */
  poolGrow(n = 1): Promise<NodeReply<string>[]> {
    return this.#ask('pool_grow', { n });
  }

  poolShrink(n = 1): Promise<NodeReply<string>[]> {
    return this.#ask('pool_shrink', { n });
  }

  poolRestart(): Promise<NodeReply<string>[]> {
    return this.#ask('pool_restart', {});
  }

  autoscale(max: number, min: number): Promise<NodeReply<string>[]> {
    return this.#ask('autoscale', { max, min });
  }

  /** Has workers take a queue on. */
  addConsumer(
    queue: string,
    { exchange, exchangeType, routingKey }: ConsumerOptions = {},
  ): Promise<NodeReply<string>[]> {
    return this.#ask('add_consumer', {
      queue,
      exchange: exchange ?? null,
      exchange_type: exchangeType ?? 'direct',
      routing_key: routingKey ?? null,
    });
  }

  cancelConsumer(queue: string): Promise<NodeReply<string>[]> {
    return this.#ask('cancel_consumer', { queue });
  }

  /** Has workers tell of their tasks. */
  enableEvents(): Promise<NodeReply<string>[]> {
    return this.#ask('enable_events', {});
  }

  disableEvents(): Promise<NodeReply<string>[]> {
    return this.#ask('disable_events', {});
  }

  /** Has every worker send a heartbeat now. */
  heartbeat(): Promise<void> {
    return this.#tell('heartbeat', {});
  }

  /** Stops workers warmly: running tasks end. Nobody answers. */
  shutdown(): Promise<void> {
    return this.#tell('shutdown', {});
  }

  /**
   * Has the workers choose one of them, which sends this task. Python workers of Celery ≤ 5.6 crash when they are alone:
   * never send it to a fleet of one.
   * @param id of the election, unlike any other
   */
  election(id: string, topic: string, action: unknown): Promise<void> {
    return this.#tell('election', { id, topic, action });
  }
}

/** Celery's workers know the first task at least. */
function named(what: Revoked): Readonly<Record<string, unknown>> {
  if (typeof what === 'object' && 'rootId' in what) return { task_id: what.rootId, root_id: what.rootId };
  return { task_id: what };
}

function terminating({ terminate = false, signal = 'SIGTERM' }: RevokeOptions) {
  return { terminate, signal };
}
