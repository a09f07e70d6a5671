import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { CeleryOptions } from '../../lib/index.js';

const CLOSED_MS = 10_000;
const OPEN = 'celery-chords-open';

/** What a result backend on Redis keeps of chords that are not over. */
export class ChordKeys implements Disposable {
  readonly #redis: Redis;
  #before: ReadonlySet<string> = new Set();

  private constructor({ backend }: CeleryOptions) {
    this.#redis = new Redis(String(backend));
  }

  /** What is there already is none of this run's. */
  static async watch(app: CeleryOptions): Promise<ChordKeys> {
    const keys = new ChordKeys(app);
    keys.#before = new Set(await keys.#all());
    return keys;
  }

  /** What has come since and stays, once closing had its time; and keys that would stay for ever. */
  async left(): Promise<readonly string[]> {
    const deadlineMs = performance.now() + CLOSED_MS;
    let open = await this.#new();
    while (open.length > 0 && performance.now() < deadlineMs) {
      await pause(200);
      open = await this.#new();
    }
    return [...open, ...(await this.#lasting())];
  }

  async #new(): Promise<readonly string[]> {
    return (await this.#all()).filter((key) => !this.#before.has(key));
  }

  async #all(): Promise<readonly string[]> {
    return [...(await this.#scan('celery-taskset-meta-*')), ...(await this.#redis.zrange(OPEN, '0', '-1'))];
  }

  async #lasting(): Promise<readonly string[]> {
    const lasting: string[] = [];
    for (const key of await this.#scan('celery-*'))
      if (key !== OPEN && (await this.#redis.pttl(key)) === -1) lasting.push(key);
    return lasting;
  }

  async #scan(match: string): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const keys of this.#redis.scanStream({ match, count: 1_000 }))
      found.push(...(keys as string[]));
    return found;
  }

  [Symbol.dispose](): void {
    this.#redis.disconnect();
  }
}
