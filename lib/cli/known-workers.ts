import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Environment } from './read-given.js';

/** A fleet that was not asked for so long is forgotten. */
const HOLDS_MS = 86_400_000;

/**
 * Names of the workers that answered lately, by broker: whoever asks again need not wait for more than these and a moment.
 * Kept in the user's cache; where that cannot be written, nothing is lost but time.
 */
export class KnownWorkers {
  readonly #file: string;

  constructor(
    brokerUrl: string,
    env: Environment,
    private readonly nowMs: number,
  ) {
    const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
    const name = createHash('sha256').update(brokerUrl).digest('hex').slice(0, 16);
    this.#file = join(cache, 'nest-celery', `workers-${name}.json`);
  }

  read(): readonly string[] {
    try {
      const stored: unknown = JSON.parse(readFileSync(this.#file, 'utf8'));
      if (typeof stored !== 'object' || stored === null) return [];
      const { writtenMs, names } = stored as { writtenMs?: unknown; names?: unknown };
      if (typeof writtenMs !== 'number' || this.nowMs - writtenMs > HOLDS_MS || !Array.isArray(names))
        return [];
      return names.filter((name) => typeof name === 'string');
    } catch {
      return [];
    }
  }

  write(names: readonly string[]): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(this.#file, JSON.stringify({ writtenMs: this.nowMs, names: names.slice(0, MOST) }));
    } catch {
      // A read-only home, as in containers.
    }
  }
}

const MOST = 1_000;
