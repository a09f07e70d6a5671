import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { RedisKeys } from './redis.keys.js';
import type { LinkHooks, RedisLink } from '../../redis/redis.link.js';
import type { RedisTransportConfig } from './redis.options.js';

/** What the parts of a `RedisBroker` share. */
export interface RedisContext {
  /** The connection for commands that answer at once. */
  readonly link: RedisLink;
  /** Another connection of its own, not started. */
  readonly openLink: (name: string, hooks?: LinkHooks) => RedisLink;
  readonly keys: RedisKeys;
  readonly config: RedisTransportConfig;
  /** In every delivery tag of this broker; unlike any other process's. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
}
