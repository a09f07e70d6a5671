import type { Clock } from '../runtime/clock.js';
import type { BackendSettings } from './backend.options.js';
import { ChordPartCodec } from './chord-part.codec.js';
import { CHORD_LOST_AFTER_MS, type ChordStore } from './chord-store.js';
import { KeptStates } from './kept-states.js';
import { MemoryChords, MemoryChordStore } from './memory.chord-store.js';
import type { OnMeta, ReplyAddress, ResultBackend, Stored, TaskMeta, Unwatch } from './result-backend.js';
import { SavedGroupCodec } from './saved-group.codec.js';
import { TaskMetaCodec } from './task-meta.codec.js';
import { Watchers } from './watchers.js';

/** What a process keeps at most; the oldest results go first. */
const LIMITS = { maxStates: 100_000, maxBytes: 256 * 1024 * 1024 };

interface Saved {
  readonly document: Buffer;
  readonly expiresAtMs: number;
}

interface KeptState extends Saved {
  readonly succeeded: boolean;
}

/** Results of this process: shared by the backends that are opened with the same name. */
class Shelf {
  readonly groups = new KeptStates<Saved>(LIMITS);
  readonly chords = new MemoryChords();
  readonly results = new KeptStates<KeptState>(LIMITS);
  readonly watchers = new Watchers();
}

const shelves = new Map<string, WeakRef<Shelf>>();

/** The reference implementation: keeps results in this process, serialized as any other backend would. */
export class MemoryBackend implements ResultBackend {
  readonly kind = 'memory';
  readonly supports = { shared: true };
  readonly replyTo = undefined;
  readonly chords: ChordStore;
  readonly #shelf: Shelf;
  readonly #codec: TaskMetaCodec;
  readonly #groups: SavedGroupCodec;
  readonly #clock: Clock;
  readonly #expiresMs: number;
  readonly #own = new Set<Unwatch>();

  constructor(
    readonly url: string,
    { content, serializer, clock, expiresMs }: BackendSettings,
  ) {
    this.#codec = new TaskMetaCodec(content, serializer);
    this.#groups = new SavedGroupCodec(content, serializer);
    this.#clock = clock;
    this.#expiresMs = expiresMs ?? Number.POSITIVE_INFINITY;
    this.#shelf = shelfNamed(url.replace(/^memory:(\/\/)?\/?/, ''));
    const parts = new ChordPartCodec(content, serializer);
    this.chords = new MemoryChordStore(this.#shelf.chords, parts, clock, expiresMs ?? CHORD_LOST_AFTER_MS);
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  async store(meta: TaskMeta, _address: ReplyAddress): Promise<Stored> {
    const document = this.#codec.encode(meta);
    const { results } = this.#shelf;
    const nowMs = this.#clock.now();
    if (this.#find(meta.taskId)?.succeeded === true) return 'kept';
    const stored = {
      document,
      succeeded: meta.status === 'SUCCESS',
      expiresAtMs: nowMs + this.#expiresMs,
    };
    results.set(meta.taskId, stored, document.length);
    results.dropWhile(({ expiresAtMs }) => expiresAtMs <= nowMs);
    this.#tell(meta.taskId);
    return 'stored';
  }

  async get(taskId: string): Promise<TaskMeta | undefined> {
    const stored = this.#find(taskId);
    return stored === undefined ? undefined : this.#codec.decode(stored.document, taskId);
  }

  watch(taskId: string, onMeta: OnMeta, onUnreadable?: (error: Error) => void): Unwatch {
    const stop = this.#shelf.watchers.add(taskId, onMeta, onUnreadable);
    const unwatch = (): void => {
      stop();
      this.#own.delete(unwatch);
    };
    this.#own.add(unwatch);
    if (this.#find(taskId) !== undefined) queueMicrotask(() => this.#tell(taskId));
    return unwatch;
  }

  async forget(taskId: string): Promise<void> {
    this.#shelf.results.delete(taskId);
  }

  async saveGroup(groupId: string, tuple: unknown): Promise<void> {
    const document = this.#groups.encode(tuple);
    const expiresAtMs = this.#clock.now() + this.#expiresMs;
    this.#shelf.groups.set(groupId, { document, expiresAtMs }, document.length);
  }

  async restoreGroup(groupId: string): Promise<unknown> {
    const saved = this.#shelf.groups.get(groupId);
    if (saved === undefined || saved.expiresAtMs <= this.#clock.now()) return undefined;
    return this.#groups.decode(saved.document);
  }

  async deleteGroup(groupId: string): Promise<void> {
    this.#shelf.groups.delete(groupId);
  }

  async close(): Promise<void> {
    for (const unwatch of this.#own) unwatch();
  }

  #tell(taskId: string): void {
    const stored = this.#find(taskId);
    if (stored !== undefined)
      this.#shelf.watchers.tell(taskId, () => this.#codec.decode(stored.document, taskId));
  }

  #find(taskId: string): KeptState | undefined {
    const stored = this.#shelf.results.get(taskId);
    return stored !== undefined && stored.expiresAtMs > this.#clock.now() ? stored : undefined;
  }
}

/** `memory://` has a shelf of its own; a named one lives as long as somebody uses it. */
function shelfNamed(name: string): Shelf {
  const shared = name === '' ? undefined : shelves.get(name)?.deref();
  if (shared !== undefined) return shared;
  const shelf = new Shelf();
  if (name !== '') shelves.set(name, new WeakRef(shelf));
  return shelf;
}
