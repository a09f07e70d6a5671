import { Redis } from 'ioredis';
import type { TaskContext } from '../../lib/index.js';

/** What a task of either kind leaves behind when it runs. */
export interface Mark {
  readonly by: 'py' | 'js';
  readonly id: string;
  readonly value: unknown;
  readonly root: string;
  readonly parent: string | null;
}

/** Lists on a Redis beside broker and backend: tasks leave marks in them, and wait at gates until the test opens one. */
export class Lists {
  readonly #redis: Redis;

  constructor(readonly url: string) {
    this.#redis = new Redis(url);
  }

  async mark(into: string, { id, rootId, parentId }: TaskContext, value: unknown): Promise<void> {
    const mark: Mark = { by: 'js', id, value, root: rootId, parent: parentId ?? null };
    await this.#redis.rpush(into, JSON.stringify(mark));
  }

  /** The next mark, waiting for it if need be. */
  async next(from: string): Promise<Mark> {
    return JSON.parse(await this.#pop(from)) as Mark;
  }

  async take(from: string, count: number): Promise<Mark[]> {
    const taken: Mark[] = [];
    while (taken.length < count) taken.push(await this.next(from));
    return taken;
  }

  async push(into: string, text: string): Promise<void> {
    await this.#redis.rpush(into, text);
  }

  /** So many texts, waiting for them if need be, and any others that are there. */
  async texts(from: string, count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) texts.push(await this.#pop(from));
    return [...texts, ...(await this.#redis.lrange(from, 0, -1))];
  }

  /** Keys in a database of the same server. */
  async keys(url: string, pattern: string): Promise<string[]> {
    const other = new Redis(url);
    try {
      return await other.keys(pattern);
    } finally {
      other.disconnect();
    }
  }

  left(list: string): Promise<number> {
    return this.#redis.llen(list);
  }

  async open(gate: string): Promise<void> {
    await this.#redis.rpush(gate, '');
  }

  /** Resolves once somebody has opened the gate; what they said. */
  passed(gate: string): Promise<string> {
    return this.#pop(gate);
  }

  async #pop(list: string): Promise<string> {
    const blocking = this.#redis.duplicate();
    try {
      const found = await blocking.blpop(list, LONGEST_WAIT_SECONDS);
      if (found === null) throw new Error(`Nothing came into ${list} within ${LONGEST_WAIT_SECONDS} s`);
      return found[1];
    } finally {
      blocking.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }
}

const LONGEST_WAIT_SECONDS = 15;
