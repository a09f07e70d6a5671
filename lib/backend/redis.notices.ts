import { ChurnMap } from '../runtime/churn.map.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { RedisClient } from '../redis/redis.client.js';
import type { LinkHooks, RedisLink } from '../redis/redis.link.js';
import type { OnMeta, TaskMeta, Unwatch } from './result-backend.js';
import { Watchers } from './watchers.js';

/** Channels in one SUBSCRIBE, keys in one MGET. */
const AT_A_TIME = 500;
/** Subscriptions that nobody needs any more end together: whoever waits for one task after the other is not held up by each. */
const LEAVE_AFTER_MS = 100;

export interface NoticesDeps {
  /** What precedes a task id in its key, and in the channel of the same name. */
  readonly prefix: string;
  readonly openLink: (hooks: LinkHooks) => RedisLink;
  /** The stored documents of these tasks, in their order; null where there is none. */
  readonly read: (taskIds: readonly string[]) => Promise<readonly (Buffer | null)[]>;
  readonly decode: (document: Buffer, taskId: string) => TaskMeta;
  readonly pollingIntervalMs: number;
  readonly clock: Clock;
}

/** What is known of a task that somebody waits for. */
interface Watched {
  /** The document that was told last. */
  told: Buffer | undefined;
  /** It was a success, which stays. */
  succeeded: boolean;
  /** Notices so far: one that came while the document was being read is newer than what was read. */
  notices: number;
}

/**
 * Tells watchers what is stored for their tasks: by pub/sub on one connection for all of them, by reading the documents
 * when a watch begins and after every reconnect, and by reading them all now and then, for notices that got lost.
 */
export class RedisNotices {
  readonly #link: RedisLink;
  readonly #watched = new ChurnMap<string, Watched>();
  readonly #watchers = new Watchers({
    onFirst: (taskId) => this.#watched.set(taskId, { told: undefined, succeeded: false, notices: 0 }),
    onLast: (taskId) => this.#dropped(taskId),
  });
  /** Tasks whose subscription this connection has asked for. */
  #subscribed = new Set<string>();
  /** Tasks whose watchers came or went in this turn of the event loop: all of them make one round trip. */
  #changed = new Set<string>();
  /** Tasks that nobody watches any more, whose subscriptions are to end. */
  #left = new Set<string>();
  #leave: Timer | undefined;
  #poll: Timer | undefined;
  #closed = false;

  constructor(private readonly deps: NoticesDeps) {
    this.#link = deps.openLink({
      prepare: (client) => this.#prepare(client),
      onUp: () => this.#changedAll(),
      onDown: () => this.#subscribed.clear(),
    });
  }

  watch(taskId: string, onMeta: OnMeta, onUnreadable?: (error: Error) => void): Unwatch {
    if (this.#closed) return () => undefined;
    const unwatch = this.#watchers.add(taskId, onMeta, onUnreadable);
    const watched = this.#watched.get(taskId);
    // Whoever comes later has not heard it yet.
    if (watched !== undefined) {
      watched.told = undefined;
      watched.succeeded = false;
    }
    this.#link.start();
    this.#change(taskId);
    this.#poll ??= this.#pollLater();
    return unwatch;
  }

  close(): void {
    this.#closed = true;
    this.#poll?.cancel();
    this.#leave?.cancel();
    this.#watchers.clear();
    this.#watched.clear();
    this.#link.close();
  }

  /** On every new connection: hears notices, and subscribes to everything that is waited for. */
  async #prepare(client: RedisClient): Promise<void> {
    client.on('messageBuffer', (channel: Buffer, document: Buffer) => this.#heard(channel, document));
    const taskIds = this.#watchers.taskIds();
    this.#subscribed = new Set(taskIds);
    await Promise.all(this.#inParts(taskIds).map((channels) => client.subscribe(...channels)));
  }

  /** What changed while the connection was being made is caught up with, and what was stored meanwhile is read. */
  #changedAll(): void {
    for (const taskId of this.#subscribed) this.#change(taskId);
    for (const taskId of this.#watchers.taskIds()) this.#change(taskId);
  }

  #dropped(taskId: string): void {
    this.#watched.delete(taskId);
    this.#left.add(taskId);
    this.#leave ??= this.deps.clock.after(LEAVE_AFTER_MS, () => this.#leaveAll());
    if (this.#watched.size > 0) return;
    this.#poll?.cancel();
    this.#poll = undefined;
  }

  #leaveAll(): void {
    this.#leave = undefined;
    for (const taskId of this.#left) this.#change(taskId);
    this.#left = new Set();
  }

  #change(taskId: string): void {
    if (this.#changed.size === 0) queueMicrotask(() => void this.#catchUp());
    this.#changed.add(taskId);
  }

  async #catchUp(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed = new Set();
    if (this.#closed) return;
    // Without a connection, the next one subscribes to what is waited for then.
    if (this.#link.up) await this.#subscribe(changed);
    await this.#lookUp(changed.filter((taskId) => this.#watched.has(taskId)));
  }

  async #subscribe(changed: readonly string[]): Promise<void> {
    const joining = changed.filter((id) => this.#watched.has(id) && !this.#subscribed.has(id));
    const leaving = changed.filter((id) => !this.#watched.has(id) && this.#subscribed.has(id));
    for (const taskId of joining) this.#subscribed.add(taskId);
    for (const taskId of leaving) this.#subscribed.delete(taskId);
    if (joining.length === 0 && leaving.length === 0) return;
    // Sent in one go: an answer awaited in between would let a later change overtake this one.
    const send = (client: RedisClient): Promise<unknown> =>
      Promise.all([
        ...this.#inParts(leaving).map((channels) => client.unsubscribe(...channels)),
        ...this.#inParts(joining).map((channels) => client.subscribe(...channels)),
      ]);
    // A lost connection is made anew and catches up; where Redis refuses (ACL), the polling remains.
    await this.#link.run(send).catch(() => undefined);
  }

  #heard(channel: Buffer, document: Buffer): void {
    const taskId = channel.toString('utf8').slice(this.deps.prefix.length);
    const watched = this.#watched.get(taskId);
    if (watched === undefined) return;
    watched.notices += 1;
    this.#tell(taskId, watched, document);
  }

  async #lookUp(taskIds: readonly string[]): Promise<void> {
    for (const part of parts(taskIds)) {
      const asked = part.map((taskId) => {
        const watched = this.#watched.get(taskId);
        return { taskId, watched, notices: watched?.notices };
      });
      let documents: readonly (Buffer | null)[];
      try {
        documents = await this.deps.read(part);
      } catch {
        // Whoever waits is told after the reconnect or by the next poll.
        return;
      }
      for (const [index, { taskId, watched, notices }] of asked.entries()) {
        const document = documents[index];
        const current = watched !== undefined && this.#watched.get(taskId) === watched;
        if (!current || watched.notices !== notices || !document || watched.told?.equals(document)) continue;
        this.#tell(taskId, watched, document);
      }
    }
  }

  #tell(taskId: string, watched: Watched, document: Buffer): void {
    // What was announced before a success may come later than the success was read.
    if (watched.succeeded) return;
    // A copy: the document is a part of whatever arrived with it.
    watched.told = Buffer.from(document);
    this.#watchers.tell(taskId, () => {
      const meta = this.deps.decode(document, taskId);
      watched.succeeded = meta.status === 'SUCCESS';
      return meta;
    });
  }

  #pollLater(): Timer {
    return this.deps.clock.after(this.deps.pollingIntervalMs, () => void this.#pollAll());
  }

  /** One timer for all who wait. */
  async #pollAll(): Promise<void> {
    this.#poll = undefined;
    // A connection that went silent without an end would else be found out very late.
    const ping = (client: RedisClient): Promise<unknown> =>
      client.isCluster ? Promise.resolve() : client.ping();
    void this.#link.run(ping).catch(() => undefined);
    await this.#lookUp([...this.#watched.keys()]);
    if (!this.#closed && this.#watched.size > 0) this.#poll ??= this.#pollLater();
  }

  #inParts(taskIds: readonly string[]): string[][] {
    return parts(taskIds.map((taskId) => `${this.deps.prefix}${taskId}`));
  }
}

function parts(items: readonly string[]): string[][] {
  const count = Math.ceil(items.length / AT_A_TIME);
  return Array.from({ length: count }, (_, index) => items.slice(index * AT_A_TIME, (index + 1) * AT_A_TIME));
}
