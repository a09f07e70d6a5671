import type { Log } from '../../runtime/logger.js';
import type { RedisClient } from '../../redis/redis.client.js';

/** Looks at each server a broker connects to, and says once what is wrong with it. */
export class ServerCheck {
  readonly #log: Log;
  #warned = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @throws when the server is too old to hand out messages without losing any */
  async run(client: RedisClient): Promise<void> {
    // Hosted servers and narrow users may not ask; then nothing is known, and nothing said.
    const info = await client.info().catch(() => '');
    const version = field(info, 'redis_version');
    if (version !== undefined && olderThan62(version)) {
      throw new Error(`Redis ${version} is too old: 6.2 or newer is needed`);
    }
    const policy = field(info, 'maxmemory_policy');
    if (policy === undefined || policy === 'noeviction' || this.#warned) return;
    this.#warned = true;
    this.#log.warn(
      `Redis may drop queues and bindings when its memory is full (maxmemory-policy is ${policy}). Set it to noeviction.`,
    );
  }
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

function olderThan62(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 2);
}
