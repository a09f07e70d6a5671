import type { Clock } from '../runtime/clock.js';
import type { Definition } from './definition.js';
import type {
  Move,
  MoveOutcome,
  Origin,
  ScheduleStore,
  Snapshot,
  StoredEntry,
  Term,
  TermAnswer,
} from './schedule.store.js';
import { ScheduleTable, type Change } from './schedule.table.js';

/** Entries of one process, gone with it. */
export class MemoryStore implements ScheduleStore {
  readonly kind = 'memory';
  readonly url = 'memory://';
  readonly #table = new ScheduleTable();
  readonly #watchers = new Set<(name: string | undefined) => void>();
  #leader: { readonly term: Term; readonly untilMs: number } | undefined;
  #fence = 0;
  #aliveMs: number | undefined;

  constructor(private readonly clock: Clock) {}

  async connect(): Promise<void> {}

  async read(): Promise<Snapshot> {
    return this.#table.snapshot;
  }

  async readEntry(name: string): Promise<StoredEntry | undefined> {
    return this.#table.get(name);
  }

  async put(name: string, definition: Definition, origin: Origin, nowMs: number): Promise<void> {
    this.#change(this.#table.put(name, definition, origin, nowMs), name);
  }

  async remove(name: string): Promise<boolean> {
    if (this.#table.get(name) === undefined) return false;
    return this.#change({ kind: 'removed', name }, name);
  }

  async enable(name: string, enabled: boolean, nowMs: number): Promise<boolean> {
    return this.#change(this.#table.enable(name, enabled, nowMs), name);
  }

  async pause(paused: boolean, nowMs: number): Promise<void> {
    this.#change(this.#table.pause(paused, nowMs), undefined);
  }

  watch(onChange: (name: string | undefined) => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  async takeTerm(owner: string, leaseMs: number): Promise<TermAnswer> {
    const nowMs = this.clock.monotonicMs();
    const leader = this.#valid();
    if (leader !== undefined && leader.term.owner !== owner)
      return { kind: 'held', forMs: leader.untilMs - nowMs };
    const gapMs = this.#aliveMs === undefined ? undefined : nowMs - this.#aliveMs;
    const term = leader?.term ?? { owner, fence: (this.#fence += 1) };
    this.#leader = { term, untilMs: nowMs + leaseMs };
    this.#aliveMs = nowMs;
    return { kind: 'won', term, gapMs };
  }

  async keepTerm(term: Term, leaseMs: number): Promise<boolean> {
    if (this.#valid()?.term.fence !== term.fence) return false;
    this.#aliveMs = this.clock.monotonicMs();
    this.#leader = { term, untilMs: this.#aliveMs + leaseMs };
    return true;
  }

  async endTerm(term: Term): Promise<void> {
    if (this.#valid()?.term.fence !== term.fence) return;
    this.#leader = undefined;
    this.#tell(undefined);
  }

  async move(term: Term, move: Move): Promise<MoveOutcome> {
    if (this.#valid()?.term.fence !== term.fence) return 'lost';
    const answer = this.#table.judge(move);
    if (typeof answer === 'string') return answer;
    this.#table.apply(answer);
    return 'moved';
  }

  canPush(): boolean {
    return false;
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  #valid() {
    return this.#leader !== undefined && this.#leader.untilMs > this.clock.monotonicMs()
      ? this.#leader
      : undefined;
  }

  #change(change: Change | undefined, name: string | undefined): boolean {
    if (change === undefined) return false;
    this.#table.apply(change);
    this.#tell(name);
    return true;
  }

  #tell(name: string | undefined): void {
    for (const onChange of this.#watchers) onChange(name);
  }
}
