import { BackendUnavailableError, EncodeError } from '../errors.js';
import { ALWAYS_TAKEN, largestValue } from '../redis/redis.largest-value.js';
import type { RedisLink } from '../redis/redis.link.js';
import { runScript, type ScriptRunner } from '../redis/redis.script.js';
import type { BackendSettings } from './backend.options.js';
import { ChordPartCodec } from './chord-part.codec.js';
import { CHORD_LOST_AFTER_MS, type ChordStore } from './chord-store.js';
import { openLink, readRedisBackend } from './redis.backend.options.js';
import { chordKeys, GROUP_KEY } from './redis.chord-keys.js';
import { RedisChordStore } from './redis.chord-store.js';
import { RedisNotices } from './redis.notices.js';
import { RedisRequests } from './redis.requests.js';
import { RedisStores } from './redis.stores.js';
import type { OnMeta, ReplyAddress, ResultBackend, Stored, TaskMeta, Unwatch } from './result-backend.js';
import { SavedGroupCodec } from './saved-group.codec.js';
import { successPatterns } from './stored-success.js';
import { TaskMetaCodec } from './task-meta.codec.js';

/** Celery's key of a task's document; the same text is the channel it is announced on. */
const KEY = 'celery-task-meta-';

/** Celery's Redis result backend: expiring documents, each announced on the channel of its key's name. */
export class RedisBackend implements ResultBackend {
  readonly kind = 'redis';
  readonly url: string;
  readonly supports = { shared: true };
  readonly replyTo = undefined;
  readonly chords: ChordStore;
  readonly scripts: ScriptRunner;
  readonly #settings: BackendSettings;
  readonly #prefix: string;
  readonly #groupPrefix: string;
  readonly #codec: TaskMetaCodec;
  readonly #groups: SavedGroupCodec;
  readonly #link: RedisLink;
  readonly #requests: RedisRequests;
  readonly #stores: RedisStores;
  readonly #notices: RedisNotices;

  constructor(url: string, settings: BackendSettings) {
    const { addresses, prefix, shown, connection } = readRedisBackend(url, settings);
    this.url = shown;
    this.#settings = settings;
    this.#prefix = `${prefix}${KEY}`;
    this.#groupPrefix = `${prefix}${GROUP_KEY}`;
    this.#codec = new TaskMetaCodec(settings.content, settings.serializer);
    this.#groups = new SavedGroupCodec(settings.content, settings.serializer);
    const onUp = (): void => this.#stores.wake();
    this.#link = openLink('results', addresses, connection, settings, { onUp });
    const { clock, timeoutMs, expiresMs } = settings;
    const shared = { link: this.#link, url: this.url, clock, timeoutMs };
    this.#requests = new RedisRequests(shared);
    const patterns = successPatterns(this.#codec.contentType);
    this.#stores = new RedisStores({ ...shared, expiresMs, patterns });
    this.scripts = {
      prefix,
      run: (some, keys, args) => this.#requests.run((client) => runScript(client, some, keys, args)),
    };
    this.chords = new RedisChordStore({
      requests: this.#requests,
      codec: new ChordPartCodec(settings.content, settings.serializer),
      keys: chordKeys(
        prefix,
        addresses.some(({ kind }) => kind === 'cluster'),
      ),
      lostAfterMs: expiresMs ?? CHORD_LOST_AFTER_MS,
    });
    this.#notices = new RedisNotices({
      prefix: this.#prefix,
      openLink: (hooks) => openLink('result notices', addresses, connection, settings, hooks),
      read: (taskIds) => this.#read(taskIds.map((taskId) => this.#keyOf(taskId))),
      decode: (document, taskId) => this.#codec.decode(document, taskId),
      pollingIntervalMs: settings.pollingIntervalMs,
      clock: settings.clock,
    });
  }

  async connect({ failFast = false }: { readonly failFast?: boolean } = {}): Promise<void> {
    if (!failFast) {
      await this.#link.whenUp();
      return;
    }
    await this.#link.nextAttempt().catch((error: unknown) => {
      throw new BackendUnavailableError(this.url, error);
    });
  }

  async store(meta: TaskMeta, _address: ReplyAddress): Promise<Stored> {
    const document = this.#codec.encode(meta);
    if (document.length > ALWAYS_TAKEN) await this.#refuseTooLarge(document);
    return this.#stores.store(this.#keyOf(meta.taskId), document);
  }

  /** Redis ends the connection over a value that is too large, mostly before anyone has read why. */
  async #refuseTooLarge({ length }: Buffer): Promise<void> {
    const largest = await this.#requests.run(largestValue);
    if (length <= largest) return;
    const reason = `it has ${length} bytes, and Redis takes no more than ${largest} (proto-max-bulk-len)`;
    throw new EncodeError('The result', reason);
  }

  async get(taskId: string): Promise<TaskMeta | undefined> {
    const document = await this.#requests.run((client) => client.getBuffer(this.#keyOf(taskId)));
    return document === null ? undefined : this.#codec.decode(document, taskId);
  }

  watch(taskId: string, onMeta: OnMeta, onUnreadable?: (error: Error) => void): Unwatch {
    return this.#notices.watch(taskId, onMeta, onUnreadable);
  }

  async forget(taskId: string): Promise<void> {
    await this.#requests.run((client) => client.del(this.#keyOf(taskId)));
  }

  async saveGroup(groupId: string, tuple: unknown): Promise<void> {
    const key = this.#groupKeyOf(groupId);
    const document = this.#groups.encode(tuple);
    const { expiresMs } = this.#settings;
    await this.#requests.run((client) =>
      expiresMs === undefined
        ? client.set(key, document)
        : client.set(key, document, 'PX', Math.max(1, Math.round(expiresMs))),
    );
  }

  async restoreGroup(groupId: string): Promise<unknown> {
    const document = await this.#requests.run((client) => client.getBuffer(this.#groupKeyOf(groupId)));
    return document === null ? undefined : this.#groups.decode(document);
  }

  async deleteGroup(groupId: string): Promise<void> {
    await this.#requests.run((client) => client.del(this.#groupKeyOf(groupId)));
  }

  async close(): Promise<void> {
    this.#notices.close();
    this.#requests.close();
    this.#stores.close();
  }

  #keyOf(taskId: string): string {
    return `${this.#prefix}${taskId}`;
  }

  #groupKeyOf(groupId: string): string {
    return `${this.#groupPrefix}${groupId}`;
  }

  #read(keys: string[]): Promise<(Buffer | null)[]> {
    return this.#requests.run((client) =>
      // The keys of one MGET must be on one node.
      client.isCluster ? Promise.all(keys.map((key) => client.getBuffer(key))) : client.mgetBuffer(...keys),
    );
  }
}
