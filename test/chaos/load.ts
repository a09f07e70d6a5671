import { setTimeout as pause } from 'node:timers/promises';
import { type CeleryApp, PublishError, type CeleryOptions, type TaskClient } from '../../lib/index.js';
import { LedgerReader, openLedger, type Step } from './ledger.js';
import type { Random } from './random.js';
import { openSilently } from './silent-app.js';

export type Kind = 'late' | 'early';

export interface LoadOptions {
  readonly app: CeleryOptions;
  readonly ledger: string;
  readonly random: Random;
  /** Drawn from for each task. */
  readonly kinds: readonly Kind[];
  /** Tasks sent and not ended that it keeps up. */
  readonly backlog: number;
  /** How long a task runs, drawn for each, ms. */
  readonly runMs: readonly [number, number];
  /** Part of the tasks that are due a little later. Default 0. */
  readonly delayed?: number;
  /** Publishes at once. Default 25. */
  readonly batch?: number;
  /** Between two batches, ms. Default 0. */
  readonly pauseMs?: number;
}

/** Nothing more is waited for then. */
const OVER: ReadonlySet<Step> = new Set(['ended', 'uncertain', 'refused']);
const BATCH = 25;
const GIVE_UP_MS = 60_000;

/** A client that keeps a queue filled, and follows the ledger. */
export class Load implements AsyncDisposable {
  readonly reader: LedgerReader;
  readonly #note: (step: Step, id: string) => void;
  readonly #open = new Set<string>();
  #sent = 0;
  #slowestPublishMs = 0;
  #feeding: Promise<void> | undefined;
  #stopped = false;

  private constructor(
    readonly app: CeleryApp,
    private readonly options: LoadOptions,
  ) {
    this.reader = new LedgerReader(options.ledger);
    this.#note = openLedger(options.ledger);
  }

  static async open(options: LoadOptions): Promise<Load> {
    const app = await openSilently(options.app);
    await app.broker.connect();
    return new Load(app, options);
  }

  get sent(): number {
    return this.#sent;
  }

  /** Until a publish settled, one way or the other, at most. */
  get slowestPublishMs(): number {
    return this.#slowestPublishMs;
  }

  /** Sends from now on. */
  start(): void {
    this.#feeding = this.#feed();
  }

  /** Resolves when so many have been sent, accepted or not. @throws Error when none more is sent for a minute */
  async reaches(tasks: number): Promise<void> {
    for (let [before, sinceMs] = [0, 0]; this.#sent < tasks; await pause(10)) {
      if (this.#sent > before) [before, sinceMs] = [this.#sent, performance.now()];
      else if (performance.now() - sinceMs > GIVE_UP_MS) throw new Error(`Only ${before} tasks are sent`);
    }
  }

  /** Sends no more; resolves when every publish has settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#feeding;
  }

  /**
   * Waits until every accepted task has ended, or nothing has moved for `quietMs` and, where that is asked, the broker holds
   * no message any more. Gives up when nothing has moved for a minute, or for `quietMs` where that is longer.
   */
  async drained(quietMs: number, isEmpty: () => Promise<boolean> = async () => true): Promise<void> {
    let movedMs = performance.now();
    for (;;) {
      if (this.#follow() > 0) movedMs = performance.now();
      const stillMs = performance.now() - movedMs;
      if (this.#open.size === 0 || stillMs > Math.max(GIVE_UP_MS, quietMs)) return;
      if (stillMs > quietMs && (await isEmpty())) return;
      await pause(20);
    }
  }

  /** How long after `sinceMs` (wall clock) this task, or any, started or ended; undefined: not in time. */
  async next(step: Step, sinceMs: number, limitMs: number, id?: string): Promise<number | undefined> {
    const deadlineMs = performance.now() + limitMs;
    let from = this.reader.entries.length;
    for (;;) {
      this.#follow();
      const found = this.reader.entries
        .slice(from)
        .find(
          (entry) => entry.step === step && entry.atMs >= sinceMs && (id === undefined || entry.id === id),
        );
      if (found !== undefined) return found.atMs - sinceMs;
      if (performance.now() > deadlineMs) return undefined;
      from = Math.max(0, this.reader.entries.length - 1_000);
      await pause(10);
    }
  }

  /** One task, outside of the flow. @returns its id, or undefined when the publish was rejected */
  async send(kind: Kind, runMs: number, countdown?: number, queue?: string): Promise<string | undefined> {
    const id = this.newId(kind);
    const sent = await this.submit([id], (client) =>
      client.applyAsync(`chaos.${kind}`, {
        taskId: id,
        args: [runMs],
        ...(countdown !== undefined && { countdown }),
        ...(queue !== undefined && { queue }),
      }),
    );
    return sent ? id : undefined;
  }

  /** Resolves when fewer tasks than that have been accepted and not ended. @throws Error when there is no room for a minute */
  async roomFor(most: number): Promise<void> {
    const deadlineMs = performance.now() + GIVE_UP_MS;
    for (;;) {
      this.#follow();
      if (this.#open.size < most) return;
      if (performance.now() > deadlineMs) throw new Error(`${this.#open.size} tasks do not end`);
      await pause(5);
    }
  }

  newId(kind: string): string {
    this.#sent += 1;
    return `${kind}-${this.#sent}-${crypto.randomUUID()}`;
  }

  /** Anything, with the ids of its tasks given ahead. @returns whether the broker has it */
  async submit(ids: readonly string[], send: (client: TaskClient) => Promise<unknown>): Promise<boolean> {
    for (const id of ids) {
      this.#note('attempted', id);
      this.#open.add(id);
    }
    const begunMs = performance.now();
    try {
      await send(this.app.client);
      for (const id of ids) this.#note('acknowledged', id);
      return true;
    } catch (error) {
      const isUncertain = error instanceof PublishError && error.mayHaveBeenDelivered;
      for (const id of ids) this.#note(isUncertain ? 'uncertain' : 'refused', id);
      return false;
    } finally {
      this.#slowestPublishMs = Math.max(this.#slowestPublishMs, performance.now() - begunMs);
    }
  }

  async #feed(): Promise<void> {
    const { random, kinds, backlog, runMs, delayed = 0, batch = BATCH, pauseMs = 0 } = this.options;
    while (!this.#stopped) {
      this.#follow();
      const room = Math.min(batch, backlog - this.#open.size);
      if (room <= 0) {
        await pause(10);
        continue;
      }
      const sends = Array.from({ length: room }, () => {
        const countdown = random.fraction() < delayed ? random.between(200, 2_000) / 1000 : undefined;
        return this.send(random.pick(kinds), random.between(...runMs), countdown);
      });
      await Promise.all(sends);
      if (pauseMs > 0) await pause(pauseMs);
    }
  }

  /** How many entries came. */
  #follow(): number {
    const entries = this.reader.more();
    for (const { step, id } of entries) if (OVER.has(step)) this.#open.delete(id);
    return entries.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.app.close(0);
    this.reader[Symbol.dispose]();
  }
}
