import { BackendUnavailableError } from '../errors.js';
import type { RedisClient } from '../redis/redis.client.js';
import { failureKind, isMoving, refusalReason } from '../redis/redis.failures.js';
import type { RedisLink } from '../redis/redis.link.js';
import { Outbox } from '../redis/redis.outbox.js';
import { runScript, script } from '../redis/redis.script.js';
import type { Clock } from '../runtime/clock.js';
import type { Stored } from './result-backend.js';

export interface StoresDeps {
  readonly link: RedisLink;
  /** Without credentials. */
  readonly url: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Of a document; undefined: for ever. */
  readonly expiresMs: number | undefined;
  /** Lua patterns that a SUCCESS matches. */
  readonly patterns: readonly Buffer[];
}

interface Storing {
  readonly key: string;
  readonly document: Buffer;
}

/**
 * Stores documents and announces each on the channel of its key's name, unless a SUCCESS is stored: that one stays.
 * KEYS documents. ARGV life in ms ('' for ever), count of patterns of a SUCCESS, patterns, documents. Returns for each a
 * number, or why Redis refused it.
 */
const STORE = script(`
local life, patterns = ARGV[1], tonumber(ARGV[2])
local function store(key, document)
  local current = redis.pcall('GET', key)
  if type(current) == 'table' then return current.err end
  if current then
    for index = 3, patterns + 2 do
      if string.find(current, ARGV[index]) then return 0 end
    end
  end
  local stored
  if life == '' then stored = redis.pcall('SET', key, document)
  else stored = redis.pcall('SET', key, document, 'PX', life) end
  if stored.err then return stored.err end
  redis.call('PUBLISH', key, document)
  return 1
end
local ends = {}
for index, key in ipairs(KEYS) do ends[index] = store(key, ARGV[patterns + 2 + index]) end
return ends
`);

/** At a time: no script of ours keeps the server for long. */
const MOST_ITEMS = 200;
const MOST_BYTES = 1024 * 1024;
/** Under way at a time; what comes meanwhile goes together. */
const WINDOW = 4;

/** Stores task documents, many in one round trip, over lost connections until their deadlines. */
export class RedisStores {
  readonly #outbox: Outbox<Storing, Stored>;
  /** Of the last attempt. */
  #problem: unknown;
  #closed = false;

  constructor(private readonly deps: StoresDeps) {
    const { link, clock } = deps;
    this.#outbox = new Outbox<Storing, Stored>({
      clock,
      ready: () => link.up,
      send: (items) => this.#send(items),
      // The same document again changes nothing.
      repeatable: true,
      late: () => this.#unavailable(),
      settled: (_, outcome) => this.#settled(outcome),
      weigh: ({ document }) => document.length,
      maxItems: MOST_ITEMS,
      maxWeight: MOST_BYTES,
      window: WINDOW,
    });
  }

  /** @throws BackendUnavailableError */
  async store(key: string, document: Buffer): Promise<Stored> {
    if (this.#closed) throw this.#unavailable();
    this.deps.link.start();
    return this.#outbox.add({ key, document }, this.deps.timeoutMs);
  }

  wake(): void {
    this.#outbox.wake();
  }

  close(): void {
    this.#closed = true;
    this.#outbox.giveUp();
  }

  async #send(items: readonly Storing[]): Promise<readonly (Stored | Error)[]> {
    // Half of the time, so that the other half is left for a second connection when this one has gone silent.
    const { link, timeoutMs } = this.deps;
    try {
      const ends = await link.run((client) => this.#storeAll(client, items), timeoutMs / 2);
      this.#problem = undefined;
      return ends;
    } catch (error) {
      this.#problem = error;
      throw error;
    }
  }

  /** The keys of one script must be on one node. */
  async #storeAll(client: RedisClient, items: readonly Storing[]): Promise<readonly (Stored | Error)[]> {
    if (!client.isCluster) return this.#storeTogether(client, items);
    const each = await Promise.all(items.map((item) => this.#storeTogether(client, [item])));
    return each.flat();
  }

  async #storeTogether(client: RedisClient, items: readonly Storing[]): Promise<readonly (Stored | Error)[]> {
    const { expiresMs, patterns } = this.deps;
    const life = expiresMs === undefined ? '' : Math.max(1, Math.round(expiresMs));
    const keys = items.map(({ key }) => key);
    const documents = items.map(({ document }) => document);
    const answer = await runScript(client, STORE, keys, [life, patterns.length, ...patterns, ...documents]);
    const ends: readonly unknown[] = Array.isArray(answer) ? answer : [];
    const outcomes = items.map((_, index) => endOf(ends[index]));
    // The server to ask is another one: the connection is made anew, and all of it stored again.
    const moving = outcomes.find(isMoving);
    if (moving !== undefined) throw moving;
    return outcomes;
  }

  #unavailable(): BackendUnavailableError {
    return new BackendUnavailableError(this.deps.url, this.#problem ?? this.deps.link.problem);
  }

  #settled(outcome: Stored | Error): Stored | Error {
    if (!(outcome instanceof Error) || outcome instanceof BackendUnavailableError) return outcome;
    const cause =
      failureKind(outcome) === 'refused' ? new Error(refusalReason(outcome), { cause: outcome }) : outcome;
    return new BackendUnavailableError(this.deps.url, cause);
  }
}

function endOf(answer: unknown): Stored | Error {
  if (typeof answer === 'number') return answer === 0 ? 'kept' : 'stored';
  // As ioredis says it, so that all refusals are read the same way.
  const error = new Error(Buffer.isBuffer(answer) ? answer.toString() : 'Redis gave no answer for this item');
  error.name = 'ReplyError';
  return error;
}
