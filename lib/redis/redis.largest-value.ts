import type { RedisClient } from './redis.client.js';
import { failureKind } from './redis.failures.js';

/** Bytes that every server takes: none can be told to take less. */
export const ALWAYS_TAKEN = 1 << 20;
/** What a server takes that was told nothing. */
const DEFAULT = 512 << 20;

/** Bytes of the largest value that this server takes; one that may not be asked is taken to be set up as by default. */
export async function largestValue(client: RedisClient): Promise<number> {
  try {
    const [, value] = (await client.config('GET', 'proto-max-bulk-len')) as readonly unknown[];
    return Number(value) || DEFAULT;
  } catch (error) {
    if (failureKind(error) === 'refused') return DEFAULT;
    throw error;
  }
}
