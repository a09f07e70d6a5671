import type { Definition } from './definition.js';

/**
 * Keeps entries and how far each of them has come; shared by every beat and client that may see it. Knows nothing of
 * schedules or tasks.
 *
 * Every driver promises, and `test/conformance/schedule-store.conformance.ts` checks:
 * - At most one term is valid at a time, by the store's own clock, and a tick moves only under the valid one: a beat that
 *   was frozen past its lease changes nothing any more.
 * - A move is made at most once, however often it is asked for.
 * - Every call settles, and throws `ScheduleStoreError` when the store cannot be reached.
 */
export interface ScheduleStore {
  readonly kind: string;
  /** Without credentials. */
  readonly url: string;

  /** @throws ScheduleStoreError at the first failed attempt if `failFast`, else keeps trying until closed */
  connect(options?: { readonly failFast?: boolean }): Promise<void>;

  /** Everything there is. */
  read(): Promise<Snapshot>;
  readEntry(name: string): Promise<StoredEntry | undefined>;

  /** Adds or replaces. What was switched stays so; ticks are counted anew from `nowMs` only when the timing changed. */
  put(name: string, definition: Definition, origin: Origin, nowMs: number): Promise<void>;
  /** False: there was none. */
  remove(name: string): Promise<boolean>;
  /** Has the last word over the definition's `enabled`. False: there is no such entry. */
  enable(name: string, enabled: boolean, nowMs: number): Promise<boolean>;
  /** Holds all entries, or lets them go on; ticks of the time between are not made up for. */
  pause(paused: boolean, nowMs: number): Promise<void>;

  /**
   * Calls `onChange` soon after anything but a move changed, by whichever process: with the entry's name, or undefined
   * when it may be anything. It may come too often.
   */
  watch(onChange: (name: string | undefined) => void): () => void;

  /** Asks for the next term. An owner that has one already gets it again. */
  takeTerm(owner: string, leaseMs: number): Promise<TermAnswer>;
  /** Lengthens the lease to this from now. False: the term is over. */
  keepTerm(term: Term, leaseMs: number): Promise<boolean>;
  /** Others may have it at once. */
  endTerm(term: Term): Promise<void>;

  /** Records what became of a tick, and pushes its message in the same step where the store can. */
  move(term: Term, move: Move): Promise<MoveOutcome>;
  /** It can push messages of a broker at this URL in the same step as a move. */
  canPush(brokerUrl: string): boolean;

  /** Safe to repeat. */
  close(): Promise<void>;
}

/** Declared in code, and removed with it, or kept until a client removes it. */
export type Origin = 'declared' | 'client';

export interface StoredEntry extends Definition {
  readonly name: string;
  readonly origin: Origin;
  /** Grows with every change of the entry. */
  readonly revision: number;
  /** Ticks are counted from here until one has moved; ms. 0: from ever. */
  readonly sinceMs: number;
  /** Undefined: nobody has switched it, and its definition decides. */
  readonly enabled: boolean | undefined;
  /** Ticks up to here were switched off; ms. */
  readonly floorMs: number;
  /** How far it has come, as `Move.to` wrote it; empty before the first move. */
  readonly state: string;
}

export interface Snapshot {
  readonly entries: readonly StoredEntry[];
  readonly control: Control;
}

/** What holds for all entries. */
export interface Control {
  readonly revision: number;
  readonly paused: boolean;
  /** Ticks up to here were paused; ms. */
  readonly floorMs: number;
}

/** A time of leadership. */
export interface Term {
  readonly owner: string;
  /** Grows from term to term: the fence. */
  readonly fence: number;
}

export type TermAnswer =
  | {
      readonly kind: 'won';
      readonly term: Term;
      /** How long there had been no sign of life of the leader before; undefined: there was none. */
      readonly gapMs: number | undefined;
    }
  /** Another's; worth asking again after this. */
  | { readonly kind: 'held'; readonly forMs: number };

export interface Move {
  readonly name: string;
  /** The entry and the control that it was decided by. */
  readonly revision: number;
  readonly controlRevision: number;
  readonly from: string;
  readonly to: string;
  readonly pushes: readonly Push[];
}

/** A list of the broker's, and what is put into it. */
export interface Push {
  readonly list: string;
  readonly text: string;
}

/**
 * - `moved`: now, or before by the same move.
 * - `stale`: the entry, the control or its state is not what it was decided by; nothing was done.
 * - `lost`: the term is over; nothing was done.
 */
export type MoveOutcome = 'moved' | 'stale' | 'lost';

export const INITIAL_CONTROL: Control = Object.freeze({ revision: 0, paused: false, floorMs: 0 });
