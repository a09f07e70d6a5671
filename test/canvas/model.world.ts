import { ChordPartCodec } from '../../lib/backend/chord-part.codec.js';
import type {
  ChordClaim,
  ChordCount,
  ChordOpening,
  ChordPart,
  ChordStore,
} from '../../lib/backend/chord-store.js';
import { MemoryChords, MemoryChordStore } from '../../lib/backend/memory.chord-store.js';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import type { PublishTarget } from '../../lib/broker/broker.js';
import { MemoryBroker } from '../../lib/broker/memory/memory.broker.js';
import type { TaskContext } from '../../lib/context/task.context.js';
import { CeleryApp } from '../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../lib/nest/celery.options.js';
import type { SignatureDict } from '../../lib/message/signature.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { armFailpoints, type FailpointName } from '../../lib/runtime/failpoint.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { Ignore, Reject } from '../../lib/task/task.signals.js';
import { HeldClock } from '../../lib/testing/held-clock.js';
import { contentOf } from '../message/open-content.js';
import { valueOf, type TaskTree, type Tree } from './model.js';
import { canvasOf, tasksIn } from './model.trees.js';

/** How roughly a tree is handled. */
export interface Roughness {
  /** Tasks are acknowledged after their run. */
  readonly late: boolean;
  /** Of the messages, how many come twice: at once, or some seconds later. */
  readonly twice: number;
  /** Of the steps of a settlement, how many break off, so that the message comes again. Late tasks only. */
  readonly broken: number;
  readonly seed: number;
}

/** What was left behind when nothing moved any more. */
export interface Happened {
  readonly metas: ReadonlyMap<string, TaskMeta | undefined>;
  readonly heard: readonly { readonly errback: string; readonly failed: string }[];
  /** By the id of the header: how it ended, each time it was ended. */
  readonly chords: ReadonlyMap<string, readonly ('body sent' | 'failed')[]>;
  /** By the id of the header: how often each message that its body begins with was sent. */
  readonly bodies: ReadonlyMap<string, readonly number[]>;
  /** Chords of which something is still kept. */
  readonly kept: readonly string[];
  /** Settlements that broke off after the chord's body was sent. */
  readonly brokenEnds: number;
}

/** Longer than any wait in a tree, and than the lease of a chord's finisher. */
const LONGEST_MS = 600_000;
const STEP_MS = 1_000;

/** One app with its worker, in which trees are played one after the other. */
export class ModelWorld {
  readonly #tasks = new Map<string, TaskTree>();
  #play = new Play({ late: false, twice: 0, broken: 0, seed: 0 });

  /** @param counted false: the backend counts no parts, so that chords end by `celery.chord_unlock` */
  static async open({ counted = true }: { readonly counted?: boolean } = {}): Promise<ModelWorld> {
    const clock = new HeldClock();
    const options = {
      broker: 'memory://',
      backend: 'memory://',
      worker: { concurrency: 4, heartbeatInterval: 0, hostname: 'model@test' },
    };
    const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog, clock });
    const codec = new ChordPartCodec(await contentOf(), 'json');
    const kept = new MemoryChords();
    const store = new MemoryChordStore(kept, codec, clock, 86_400_000);
    const world = new ModelWorld(app, clock, kept);
    Object.defineProperty(app.backend, 'chords', { value: counted ? world.#watched(store) : undefined });
    world.#define();
    await app.startWorker();
    return world;
  }

  private constructor(
    private readonly app: CeleryApp,
    private readonly clock: HeldClock,
    private readonly kept: MemoryChords,
  ) {
    const publish = app.broker.publish.bind(app.broker);
    Object.defineProperty(app.broker, 'publish', {
      value: (target: PublishTarget, message: WireMessage) => this.#publish(publish, target, message),
    });
  }

  /** Sends the tree and waits until nothing moves any more. @throws when something still does after a long time */
  async play(tree: Tree, roughness: Roughness): Promise<Happened> {
    const { app, clock } = this;
    const play = new Play(roughness);
    this.#play = play;
    const tasks = [...tasksIn(tree)];
    this.#tasks.clear();
    for (const task of tasks) this.#tasks.set(task.label, task);
    const revoked = tasks.filter(({ does }) => does.does === 'revoked').map(({ id }) => id);
    if (revoked.length > 0) {
      await app.revoke(revoked);
      await clock.advance(0);
    }
    if (roughness.broken > 0) armFailpoints((name) => play.strike(name));
    try {
      await app.producer.send(canvasOf(tree, roughness.late));
      await this.#quiet(play);
    } finally {
      armFailpoints(undefined);
    }
    const metas = new Map<string, TaskMeta | undefined>();
    for (const { id } of tasks) metas.set(id, await app.backend?.get(id));
    const { heard, chords, brokenEnds } = play;
    return { metas, heard, chords, bodies: play.bodies(), kept: [...this.kept.open.keys()], brokenEnds };
  }

  async close(): Promise<void> {
    const closing = this.app.close(0);
    await this.clock.advance(60_000);
    await closing;
  }

  async #quiet(play: Play): Promise<void> {
    let moved = -1;
    for (let waitedMs = 0; waitedMs < LONGEST_MS;) {
      await this.clock.advance(0);
      if (play.moves !== moved || this.#busy()) {
        const before = moved;
        moved = play.moves;
        if (before !== moved) continue;
      } else if (await this.#atRest()) return;
      await this.clock.advance(STEP_MS);
      waitedMs += STEP_MS;
    }
    throw new Error(`after ${LONGEST_MS / 1000} s it still has not ended`);
  }

  #busy(): boolean {
    const status = this.app.worker?.status;
    return status !== undefined && status.running + status.waiting > 0;
  }

  async #atRest(): Promise<boolean> {
    const { broker } = this.app;
    if (!(broker instanceof MemoryBroker)) throw new Error('another broker');
    await broker.purge('celery.quarantine');
    return broker.hub.empty && broker.held.size === 0 && this.kept.open.size === 0 && this.#play.late === 0;
  }

  async #publish(
    publish: (target: PublishTarget, message: WireMessage) => Promise<void>,
    target: PublishTarget,
    message: WireMessage,
  ): Promise<void> {
    const play = this.#play;
    const { task } = message.headers;
    if (typeof task !== 'string' || target.routingKey.endsWith('.quarantine'))
      return publish(target, message);
    // As on Redis: what has expired is told of by a worker.
    const { expiration: _, ...properties } = message.properties;
    const sent = { ...message, properties };
    play.published(sent);
    await publish(target, sent);
    if (task.startsWith('heard') || play.random() >= play.roughness.twice) return;
    if (play.random() < 0.5) return publish(target, sent);
    play.late += 1;
    this.clock.after(1 + play.random() * 20_000, () => {
      play.late -= 1;
      play.moves += 1;
      void publish(target, sent);
    });
  }

  #watched(store: ChordStore): ChordStore {
    const ended = (claim: ChordClaim): void => this.#play.ended(claim);
    return {
      open: (opening) => {
        this.#play.opened(opening);
        return store.open(opening);
      },
      grow: (groupId, taskIds) => store.grow(groupId, taskIds),
      count: async (part: ChordPart): Promise<ChordCount> => {
        this.#play.moves += 1;
        return store.count(part);
      },
      close: (claim) => {
        ended(claim);
        return store.close(claim);
      },
      renew: (claim) => store.renew(claim),
      release: (claim) => store.release(claim),
      abandoned: (limit, homes) => store.abandoned(limit, homes),
    };
  }

  #define(): void {
    const run = async (context: TaskContext, ...args: unknown[]): Promise<unknown> => {
      const play = this.#play;
      play.moves += 1;
      for (let turns = Math.floor(play.random() * 3); turns > 0; turns -= 1)
        await new Promise((resolve) => setImmediate(resolve));
      const label = args.at(-1);
      const task = typeof label === 'string' ? this.#tasks.get(label) : undefined;
      if (task === undefined) throw new Error(`no task ${String(label)} in this tree`);
      return this.#behave(context, task, args.slice(0, -1));
    };
    this.app.defineTask('early', { bind: true }, run);
    this.app.defineTask('late', { bind: true, acksLate: true }, run);
    this.app.defineTask(
      'heard',
      { bind: true, acksLate: true },
      (context: TaskContext, failed: string, errback: string) =>
        this.#play.told(context.id, { failed, errback }),
    );
    this.app.defineTask(
      'heardHere',
      { errback: 'request' },
      (request: { id: string }, _error: unknown, _traceback: unknown, errback: string) => {
        this.#play.heard.push({ errback, failed: request.id });
      },
    );
  }

  #behave(context: TaskContext, { label, does }: TaskTree, args: readonly unknown[]): unknown {
    switch (does.does) {
      case 'ok':
      case 'revoked':
        return valueOf(label, args);
      case 'fails':
        throw new TypeError('it fails');
      case 'retries':
        if (context.retries < does.times)
          return context.retry({ countdown: 1 + context.retries, maxRetries: null });
        if (does.finally === 'fails') throw new TypeError('it fails in the end');
        return valueOf(label, args);
      case 'exhausts':
        return context.retry({ countdown: 1, maxRetries: 1 });
      case 'rejects':
        throw new Reject('it is rejected');
      case 'requeues':
        if (!context.deliveryInfo.redelivered || !this.#play.roughness.late)
          throw new Reject('again', { requeue: true });
        return valueOf(label, args);
      case 'ignored':
        throw new Ignore();
      case 'replaced':
        return context.replace(canvasOf(does.by, this.#play.roughness.late));
      case 'expired':
      case 'unknown':
      case 'accumulates':
        throw new Error(`${label} was not to run`);
    }
  }
}

/** What one tree does. */
class Play {
  /** Grows with everything that happens. */
  moves = 0;
  /** Second messages that have not come yet. */
  late = 0;
  brokenEnds = 0;
  readonly heard: { errback: string; failed: string }[] = [];
  readonly chords = new Map<string, ('body sent' | 'failed')[]>();
  readonly random: () => number;
  readonly #told = new Set<string>();
  readonly #openings = new Map<string, ChordOpening>();
  /** How often a task was sent for the first time, by its id and how often it was replaced. */
  readonly #sent = new Map<string, number>();

  constructor(readonly roughness: Roughness) {
    this.random = randomFrom(roughness.seed);
  }

  /** Another run of the same message tells nothing new. */
  told(id: string, heard: { errback: string; failed: string }): void {
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.heard.push(heard);
  }

  published({ headers }: WireMessage): void {
    this.moves += 1;
    const { id, retries, replaced_task_nesting: nesting } = headers;
    if (retries !== 0) return;
    const key = `${String(id)} ${Number(nesting)}`;
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + 1);
  }

  opened(opening: ChordOpening): void {
    this.moves += 1;
    if (!this.#openings.has(opening.groupId)) this.#openings.set(opening.groupId, opening);
  }

  ended({ groupId, parts, missing }: ChordClaim): void {
    this.moves += 1;
    const failed = missing > 0 || parts.some(({ state }) => state !== 'SUCCESS');
    this.chords.set(groupId, [...(this.chords.get(groupId) ?? []), failed ? 'failed' : 'body sent']);
  }

  bodies(): ReadonlyMap<string, readonly number[]> {
    const counts = [...this.#openings].map(
      ([groupId, { end }]) => [groupId, firstOf(end.body).map((key) => this.#sent.get(key) ?? 0)] as const,
    );
    return new Map(counts);
  }

  strike(name: FailpointName): void | Promise<void> {
    if (!BREAKS.has(name) || this.random() >= this.roughness.broken) return undefined;
    this.moves += 1;
    if (name === 'chordEnded') this.brokenEnds += 1;
    return Promise.reject(new Error(`broken off at ${name}`));
  }
}

const BREAKS: ReadonlySet<FailpointName> = new Set([
  'started',
  'finishedRun',
  'resultStored',
  'linksSent',
  'chordCounted',
  'chordEnded',
  'retryPublished',
]);

/** What is sent first of a body, as `Play` counts it. */
function firstOf({ subtask_type: type, kwargs, options }: SignatureDict): readonly string[] {
  const tasks = (kwargs['tasks'] ?? []) as readonly SignatureDict[];
  switch (type) {
    case 'chain':
      return tasks.slice(0, 1).flatMap(firstOf);
    case 'group':
      return tasks.flatMap(firstOf);
    case 'chord': {
      const header = firstOf(kwargs['header'] as SignatureDict);
      return header.length > 0 ? header : firstOf(kwargs['body'] as SignatureDict);
    }
    default:
      return [`${String(options['task_id'])} ${Number(options['replaced_task_nesting'] ?? 0)}`];
  }
}

/** The same numbers from the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
