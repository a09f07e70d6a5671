import type { ActiveQueue, FoundTask, ScheduledTask, TaskInfo, WorkerStats } from './control.types.js';
import type { NodeReply } from './reply.js';

export type Ask = <R>(method: string, args: Readonly<Record<string, unknown>>) => Promise<NodeReply<R>[]>;

/** Celery's `inspect`: what workers know and do. Every question is answered by each worker that is meant. */
export class Inspect {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** `pong` */
  ping(): Promise<NodeReply<string>[]> {
    return this.#ask('ping', {});
  }

  /**
   * Tasks that run.
   * @param options `safe`: arguments as text, for arguments that cannot travel
   */
  active({ safe = false }: { readonly safe?: boolean } = {}): Promise<NodeReply<TaskInfo[]>[]> {
    return this.#ask('active', safe ? { safe } : {});
  }

  /** Tasks that were taken and wait for a place. */
  reserved(): Promise<NodeReply<TaskInfo[]>[]> {
    return this.#ask('reserved', {});
  }

  /** Tasks that were taken and wait for their time. */
  scheduled(): Promise<NodeReply<ScheduledTask[]>[]> {
    return this.#ask('scheduled', {});
  }

  /** Ids of tasks that are not to run. */
  revoked(): Promise<NodeReply<string[]>[]> {
    return this.#ask('revoked', {});
  }

  /**
   * Names of tasks that workers have, with some of their options: `mail.send [rate_limit=10/m]`.
   * @param items Celery's names of the options to show. Default `exchange`, `routing_key`, `rate_limit`
   */
  registered(...items: readonly string[]): Promise<NodeReply<string[]>[]> {
    return this.#ask('registered', items.length === 0 ? {} : { taskinfoitems: items });
  }

  stats(): Promise<NodeReply<WorkerStats>[]> {
    return this.#ask('stats', {});
  }

  /** Queues that workers consume. */
  activeQueues(): Promise<NodeReply<ActiveQueue[]>[]> {
    return this.#ask('active_queues', {});
  }

  /** Where these tasks are, in workers that have them. */
  queryTask(...ids: readonly string[]): Promise<NodeReply<Readonly<Record<string, FoundTask>>>[]> {
    return this.#ask('query_task', { ids });
  }

  /**
   * Settings in Celery's names; secrets are masked.
   * @param options `withDefaults`: also those that nobody set
   */
  conf({ withDefaults = false }: { readonly withDefaults?: boolean } = {}): Promise<
    NodeReply<Readonly<Record<string, unknown>>>[]
  > {
    return this.#ask('conf', { with_defaults: withDefaults });
  }

  /** Software, platform and settings, for bug reports. */
  report(): Promise<NodeReply<string>[]> {
    return this.#ask('report', {});
  }

  /** Lamport clocks. */
  clock(): Promise<NodeReply<{ readonly clock: number }>[]> {
    return this.#ask('clock', {});
  }

  /** Memory in use: `56.293MB`. Null where a worker cannot tell. */
  memsample(): Promise<NodeReply<string | null>[]> {
    return this.#ask('memsample', {});
  }

  /** The samples so far, as text. */
  memdump({ samples = 10 }: { readonly samples?: number } = {}): Promise<NodeReply<string>[]> {
    return this.#ask('memdump', { samples });
  }
}
