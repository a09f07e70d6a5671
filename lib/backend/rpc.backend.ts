import { randomUUID } from 'node:crypto';
import {
  BackendUnavailableError,
  BrokerUnavailableError,
  InvalidOptionError,
  PublishError,
} from '../errors.js';
import type { WireMessage } from '../message/wire-message.js';
import { reconnectDelayMs } from '../runtime/backoff.js';
import { sleep } from '../runtime/clock.js';
import { withDeadline } from '../runtime/deadline.js';
import type { BackendSettings } from './backend.options.js';
import { KeptStates } from './kept-states.js';
import { NO_GROUPS } from './no-groups.js';
import type { ReplyChannel } from './reply-channel.js';
import { READY_STATES } from './result-backend.js';
import type { OnMeta, ReplyAddress, ResultBackend, Stored, TaskMeta, Unwatch } from './result-backend.js';
import { TaskMetaCodec } from './task-meta.codec.js';
import { Watchers } from './watchers.js';

/** Newest states kept for those who ask later; the oldest go first. */
const LIMITS = { maxStates: 10_000, maxBytes: 64 * 1024 * 1024 };
/** How long the reply queue of a client that is gone stands, where results are kept for ever. */
const LONGEST_QUEUE_MS = 86_400_000;

/**
 * Celery's `rpc://`: each state travels as a message to the queue of the client that sent the task. Only that client
 * can read it; nothing is stored on a server.
 */
export class RpcBackend implements ResultBackend {
  readonly kind = 'rpc';
  readonly url: string;
  readonly supports = { shared: false };
  readonly chords = NO_GROUPS.chords;
  readonly saveGroup = NO_GROUPS.saveGroup;
  readonly restoreGroup = NO_GROUPS.restoreGroup;
  readonly deleteGroup = NO_GROUPS.deleteGroup;
  readonly replyTo: string = randomUUID();
  readonly #settings: BackendSettings;
  readonly #channel: ReplyChannel;
  readonly #codec: TaskMetaCodec;
  readonly #watchers = new Watchers();
  readonly #newest = new KeptStates<TaskMeta>(LIMITS);
  #connecting: Promise<void> | undefined;
  #listening: { stop(): Promise<void> } | undefined;
  #closed = false;

  constructor(settings: BackendSettings) {
    const { replyChannel, content, serializer } = settings;
    if (replyChannel === undefined)
      throw new InvalidOptionError('backend', 'rpc:// needs a broker to send results through');
    this.#settings = settings;
    this.#channel = replyChannel;
    this.#codec = new TaskMetaCodec(content, serializer);
    this.url = `rpc://${replyChannel.url}`;
  }

  /** Opens this client's own reply queue: before its first task is sent, or the result would find no queue. */
  async connect(options?: { readonly failFast?: boolean }): Promise<void> {
    await this.#channel.connect(options);
    this.#connecting ??= this.#listen().catch((error: unknown) => {
      this.#connecting = undefined;
      throw error;
    });
    await this.#connecting;
  }

  async store(meta: TaskMeta, { replyTo, correlationId }: ReplyAddress): Promise<Stored> {
    if (replyTo === undefined || replyTo === '') return 'stored';
    const message: WireMessage = {
      body: this.#codec.encode(meta),
      contentType: this.#codec.contentType,
      contentEncoding: this.#codec.contentEncoding,
      headers: {},
      properties: { correlationId, deliveryMode: this.#settings.persistent ? 2 : 1, priority: 0 },
    };
    await this.#send(replyTo, message);
    // Each is a message of its own: none stands in another's way.
    return 'stored';
  }

  async get(taskId: string): Promise<TaskMeta | undefined> {
    return this.#newest.get(taskId);
  }

  watch(taskId: string, onMeta: OnMeta, onUnreadable?: (error: Error) => void): Unwatch {
    const unwatch = this.#watchers.add(taskId, onMeta, onUnreadable);
    queueMicrotask(() => {
      const known = this.#newest.get(taskId);
      if (known !== undefined) this.#watchers.tell(taskId, () => known);
    });
    return unwatch;
  }

  async forget(taskId: string): Promise<void> {
    this.#newest.delete(taskId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    const listening = this.#listening;
    this.#listening = undefined;
    if (listening === undefined) return;
    // The broker is closed after this, and its connection with it: a queue that cannot be given up goes then.
    const { clock, timeoutMs } = this.#settings;
    const late = (): Error => new BackendUnavailableError(this.url);
    await withDeadline(clock, timeoutMs, listening.stop(), late).catch(() => undefined);
  }

  async #listen(): Promise<void> {
    const expiresMs = this.#settings.expiresMs ?? LONGEST_QUEUE_MS;
    const listening = await this.#channel.listen(this.replyTo, expiresMs, (message) =>
      this.#arrived(message),
    );
    if (this.#closed) return listening.stop();
    this.#listening = listening;
  }

  /** Repeats until the deadline what a lost connection cut short: a state that comes twice does no harm. */
  async #send(replyTo: string, message: WireMessage): Promise<void> {
    const { clock, timeoutMs } = this.#settings;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const late = (): Error => new BackendUnavailableError(this.url);
    for (let attempt = 0; ; attempt += 1) {
      const restMs = deadlineMs - clock.monotonicMs();
      try {
        return await withDeadline(clock, restMs, this.#channel.send(replyTo, message), late);
      } catch (error) {
        const waitMs = reconnectDelayMs(attempt);
        if (this.#closed || !mayPass(error) || clock.monotonicMs() + waitMs >= deadlineMs)
          throw error instanceof BackendUnavailableError
            ? error
            : new BackendUnavailableError(this.url, error);
        await sleep(clock, waitMs);
      }
    }
  }

  #arrived(message: WireMessage): void {
    let meta: TaskMeta;
    try {
      meta = this.#codec.decodeMessage(message);
    } catch (error) {
      const { correlationId } = message.properties;
      this.#settings.log.warn(`A reply was no result and was dropped: ${String(error)}`);
      if (correlationId !== undefined)
        this.#watchers.tell(correlationId, () => {
          throw error;
        });
      return;
    }
    const before = this.#newest.get(meta.taskId);
    // A message can be overtaken by a later one.
    if (before !== undefined && READY_STATES.has(before.status) && !READY_STATES.has(meta.status)) return;
    this.#newest.set(meta.taskId, meta, message.body.length);
    this.#watchers.tell(meta.taskId, () => meta);
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof PublishError || error instanceof BrokerUnavailableError;
}
