import { createHash } from 'node:crypto';
import type { RedisClient } from './redis.client.js';

/** A Lua script with the hash that the server knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs scripts on a Redis that was opened for something else, over its lost connections and no longer than it waits itself. */
export interface ScriptRunner {
  /** Put before every key. */
  readonly prefix: string;
  run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown>;
}

/** Both clients have these; the types of ioredis know them of `Redis` alone. */
interface Scripting {
  evalshaBuffer(sha: string, keys: number, ...rest: (string | number | Buffer)[]): Promise<unknown>;
  evalBuffer(lua: string, keys: number, ...rest: (string | number | Buffer)[]): Promise<unknown>;
}

/** Runs a script by its hash, and by its text where the server does not know it yet. Bulk replies are Buffers. */
export async function runScript(
  client: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  const scripting = client as unknown as Scripting;
  try {
    // Some times faster than `call('EVALSHA', …)`.
    return await scripting.evalshaBuffer(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
    return scripting.evalBuffer(script.lua, keys.length, ...keys, ...args);
  }
}
