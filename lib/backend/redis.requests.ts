import { BackendUnavailableError } from '../errors.js';
import type { RedisClient } from '../redis/redis.client.js';
import { failureKind, refusalReason } from '../redis/redis.failures.js';
import type { RedisLink } from '../redis/redis.link.js';
import type { Clock } from '../runtime/clock.js';

export interface RequestsDeps {
  readonly link: RedisLink;
  /** Without credentials. */
  readonly url: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Requests that may be repeated, and are, over lost connections until the deadline. */
export class RedisRequests {
  #closed = false;

  constructor(private readonly deps: RequestsDeps) {}

  /**
   * @param reasonOf what Redis's refusal means to the people who run it
   * @throws BackendUnavailableError
   */
  async run<T>(send: (client: RedisClient) => Promise<T>, reasonOf = refusalReason): Promise<T> {
    const { link, url, clock, timeoutMs } = this.deps;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    let problem: unknown;
    while (!this.#closed) {
      const restMs = deadlineMs - clock.monotonicMs();
      if (restMs <= 0 || !(link.up || (await link.whenUp(restMs)))) break;
      try {
        // Half of the time, so that the other half is left for a second connection when this one has gone silent.
        return await link.run(send, Math.min(restMs, timeoutMs / 2));
      } catch (error) {
        problem = error;
        if (failureKind(error) !== 'refused') continue;
        throw new BackendUnavailableError(url, new Error(reasonOf(error), { cause: error }));
      }
    }
    throw new BackendUnavailableError(url, problem ?? link.problem);
  }

  close(): void {
    this.#closed = true;
    this.deps.link.close();
  }
}
