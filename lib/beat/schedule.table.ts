import type { Definition } from './definition.js';
import {
  INITIAL_CONTROL,
  type Control,
  type Move,
  type MoveOutcome,
  type Origin,
  type Snapshot,
  type StoredEntry,
} from './schedule.store.js';

/** A change of the table, as data: what a store in memory does, and a store in a file writes down first. */
export type Change =
  | { readonly kind: 'entry'; readonly entry: StoredEntry }
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'control'; readonly control: Control }
  | { readonly kind: 'state'; readonly name: string; readonly state: string };

/** Entries and their states in memory. Its questions decide what changes; `apply` alone changes. */
export class ScheduleTable {
  readonly #entries = new Map<string, StoredEntry>();
  #control = INITIAL_CONTROL;

  get snapshot(): Snapshot {
    return { entries: [...this.#entries.values()], control: this.#control };
  }

  get(name: string): StoredEntry | undefined {
    return this.#entries.get(name);
  }

  apply(change: Change): void {
    switch (change.kind) {
      case 'entry':
        this.#entries.set(change.entry.name, change.entry);
        return;
      case 'removed':
        this.#entries.delete(change.name);
        return;
      case 'control':
        this.#control = change.control;
        return;
      case 'state': {
        const entry = this.#entries.get(change.name);
        if (entry !== undefined) this.#entries.set(change.name, { ...entry, state: change.state });
      }
    }
  }

  /** Undefined: the entry is so already. */
  put(name: string, definition: Definition, origin: Origin, nowMs: number): Change | undefined {
    const old = this.#entries.get(name);
    if (old?.document === definition.document && old.timing === definition.timing && old.origin === origin)
      return undefined;
    const { document, timing, once } = definition;
    const sameTiming = old?.timing === timing;
    return {
      kind: 'entry',
      entry: {
        name,
        document,
        timing,
        once,
        origin,
        revision: (old?.revision ?? 0) + 1,
        sinceMs: sameTiming ? old.sinceMs : once ? 0 : nowMs,
        enabled: old?.enabled,
        floorMs: old?.floorMs ?? 0,
        state: old?.state ?? '',
      },
    };
  }

  enable(name: string, enabled: boolean, nowMs: number): Change | undefined {
    const old = this.#entries.get(name);
    if (old === undefined) return undefined;
    const { revision } = old;
    return { kind: 'entry', entry: { ...old, revision: revision + 1, enabled, floorMs: nowMs } };
  }

  pause(paused: boolean, nowMs: number): Change | undefined {
    if (this.#control.paused === paused) return undefined;
    return { kind: 'control', control: { revision: this.#control.revision + 1, paused, floorMs: nowMs } };
  }

  judge({ name, revision, controlRevision, from, to }: Move): MoveOutcome | Change {
    const entry = this.#entries.get(name);
    if (entry === undefined) return 'stale';
    if (entry.state === to) return 'moved';
    const current = entry.revision === revision && this.#control.revision === controlRevision;
    return current && entry.state === from ? { kind: 'state', name, state: to } : 'stale';
  }
}
