import { reconnectDelayMs } from '../runtime/backoff.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { withDeadline } from '../runtime/deadline.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import type { RedisClient } from './redis.client.js';
import { failureKind, LinkDownError, NoAnswerError } from './redis.failures.js';

export interface LinkHooks {
  /** Runs on a new connection before anyone may use it; a rejection counts as a failed attempt. */
  readonly prepare?: (client: RedisClient) => Promise<void>;
  readonly onUp?: () => void;
  readonly onDown?: () => void;
}

export interface LinkOptions extends LinkHooks {
  /** What the connection is for, for log lines. */
  readonly name: string;
  /** A client for this attempt; it does not connect yet. */
  readonly open: (attempt: number) => RedisClient;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A connection that held this long was a good one. */
const STEADY_MS = 1_000;

/**
 * One connection to Redis that comes back for ever, with a fresh client each time. A command without an answer at its
 * deadline throws the connection away: it may be half open or the server frozen, and nothing on it can be trusted.
 */
export class RedisLink {
  readonly #options: LinkOptions;
  #client: RedisClient | undefined;
  #dialling = false;
  #closed = false;
  #attempt = 0;
  #upSinceMs = 0;
  #retry: Timer | undefined;
  #trying: RedisClient | undefined;
  #problem: unknown;
  #firstTry: ((error: unknown) => void)[] = [];
  readonly #waiters = new Set<(up: boolean) => void>();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#client !== undefined;
  }

  /** Why the last attempt to connect failed; undefined once one has succeeded. */
  get problem(): unknown {
    return this.#problem;
  }

  /** Begins to connect. Safe to repeat. */
  start(): void {
    if (this.#dialling || this.#closed || this.up) return;
    this.#dialling = true;
    void this.#dial();
  }

  /** Rejects with the reason when the attempt under way, or the next, fails. */
  nextAttempt(): Promise<void> {
    if (this.up) return Promise.resolve();
    this.start();
    return new Promise((resolve, reject) => {
      this.#firstTry.push(reject);
      void this.whenUp().then((up) => (up ? resolve() : reject(new LinkDownError('closed'))));
    });
  }

  /** True once connected; false when that took too long or the link was closed. */
  whenUp(limitMs?: number): Promise<boolean> {
    if (this.up) return Promise.resolve(true);
    if (this.#closed) return Promise.resolve(false);
    this.start();
    return new Promise((resolve) => {
      const settle = (up: boolean): void => {
        this.#waiters.delete(settle);
        timer?.cancel();
        resolve(up);
      };
      const timer =
        limitMs === undefined ? undefined : this.#options.clock.after(limitMs, () => settle(false));
      this.#waiters.add(settle);
    });
  }

  /**
   * @throws LinkDownError when not connected: nothing was sent
   * @throws NoAnswerError at the deadline, with the connection thrown away
   */
  async run<T>(
    send: (client: RedisClient) => Promise<T>,
    limitMs = this.#options.commandTimeoutMs,
  ): Promise<T> {
    const client = this.#client;
    if (client === undefined) throw new LinkDownError(`no connection (${this.#options.name})`);
    const late = (): Error => {
      this.#drop(client);
      return new NoAnswerError(`Redis did not answer within ${limitMs} ms (${this.#options.name})`);
    };
    try {
      return await withDeadline(this.#options.clock, limitMs, send(client), late);
    } catch (error) {
      if (failureKind(error) !== 'refused') this.#drop(client);
      throw error;
    }
  }

  /**
   * Waits for what a stop wants to know. A server that does not answer in time is disconnected, so that the steps of a stop
   * do not wait for it one after the other. Never rejects.
   */
  async politely(answer: Promise<unknown>, limitMs: number): Promise<void> {
    const client = this.#client;
    if (client === undefined) return void answer.catch(() => undefined);
    const late = (): Error => new NoAnswerError(`no answer (${this.#options.name})`);
    await withDeadline(this.#options.clock, limitMs, answer, late).catch((error: unknown) => {
      if (error instanceof NoAnswerError) this.#drop(client);
    });
  }

  /** Ends at once: what is on its way is rejected, nothing is waited for. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#trying?.disconnect();
    const client = this.#client;
    this.#client = undefined;
    client?.disconnect();
    for (const settle of this.#waiters) settle(false);
  }

  async #dial(): Promise<void> {
    const { clock, connectTimeoutMs, log, name, open, prepare } = this.#options;
    let client: RedisClient | undefined;
    let problem: unknown;
    try {
      const fresh = open(this.#attempt);
      client = this.#trying = fresh;
      fresh.on('error', (error: unknown) => (problem = error));
      const connected = fresh.connect().then(() => prepare?.(fresh));
      connected.catch(() => undefined);
      await withDeadline(
        clock,
        connectTimeoutMs,
        connected,
        () => new NoAnswerError(`no answer within ${connectTimeoutMs} ms`),
      );
    } catch (error) {
      client?.disconnect();
      this.#failed(problem ?? error);
      return;
    } finally {
      this.#trying = undefined;
    }
    this.#dialling = false;
    if (this.#closed) return client.disconnect();
    if (this.#attempt > 0) log.log(`Redis connection (${name}) is back.`);
    this.#upSinceMs = clock.monotonicMs();
    this.#firstTry = [];
    this.#problem = undefined;
    this.#client = client;
    const current = client;
    client.once('end', () => this.#drop(current));
    if (client.status !== 'ready') return this.#drop(client);
    for (const settle of this.#waiters) settle(true);
    this.#options.onUp?.();
  }

  #failed(reason: unknown): void {
    if (this.#closed) return;
    this.#problem = reason;
    const { log, name, clock } = this.#options;
    const text = messageOf(reason);
    const waitMs = reconnectDelayMs(this.#attempt);
    // Every attempt of a long outage says nothing new.
    if (this.#attempt < 3 || this.#attempt % 20 === 0) {
      log.warn(`Redis connection (${name}) failed: ${text}. Next attempt in ${waitMs} ms.`);
    }
    for (const reject of this.#firstTry.splice(0)) reject(reason);
    this.#attempt += 1;
    this.#retry = clock.after(waitMs, () => void this.#dial());
  }

  #drop(client: RedisClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.disconnect();
    this.#options.onDown?.();
    if (this.#closed) return;
    const { clock, log, name } = this.#options;
    // A server that takes connections and at once drops them is met with growing pauses too.
    this.#attempt = clock.monotonicMs() - this.#upSinceMs < STEADY_MS ? this.#attempt + 1 : 0;
    if (this.#attempt < 3) log.warn(`Redis connection (${name}) was lost. Connecting again.`);
    this.#dialling = true;
    this.#retry = clock.after(reconnectDelayMs(this.#attempt), () => void this.#dial());
  }
}
