import type { SignatureDict } from '../message/signature.js';

/**
 * Counts the parts of chords. Every call is one atomic step, and a repeated call changes nothing: a part is known by its
 * task id, the first that comes of it stands, and the last one claims the chord for exactly one finisher.
 *
 * The layout is Celery's (`.j`, `.t` and `.s` keys on Redis), so that Python workers may count parts of the same chord.
 */
export interface ChordStore {
  /** By the sender, before the last header task is sent: how many parts there are and what ends the chord. */
  open(opening: ChordOpening): Promise<void>;

  /**
   * More parts than the sender knew of (Celery's `add_to_chord`): each of these task ids adds one, once. Call it before
   * the new parts are sent.
   */
  grow(groupId: string, taskIds: readonly string[]): Promise<void>;

  /** Records a part that has ended. */
  count(part: ChordPart): Promise<ChordCount>;

  /**
   * The chord has been finished, by this claim or an earlier one: everything kept of it is removed. A part that comes
   * later still changes nothing.
   */
  close(claim: ChordClaim): Promise<void>;

  /** The lease begins anew, for a finisher that is still at it. An older claim changes nothing. */
  renew(claim: ChordClaim): Promise<void>;

  /** It could not be finished now: the next repeated part, or a sweep, gets the claim at once. An older claim changes nothing. */
  release(claim: ChordClaim): Promise<void>;

  /**
   * Claims chords that nobody else will finish: complete ones whose finisher has not closed them within its lease, and
   * those whose parts have not all come by the deadline (`missing` > 0). Look first whether the body has a result
   * already: a Python worker may have finished the chord, or a finisher died before it closed it.
   * @param homes the caller's: a chord whose parts have told a home is claimed only where the last of these is among them
   */
  abandoned(limit: number, homes: readonly string[]): Promise<readonly ChordClaim[]>;
}

export interface ChordOpening {
  readonly groupId: string;
  readonly size: number;
  readonly end: ChordEnd;
  /** ms from now until parts that have not come are taken for lost. */
  readonly lostAfterMs: number;
}

/** What a chord comes to. */
export interface ChordEnd {
  /** Called with the list of results; its `link_error` hears of a failure. */
  readonly body: SignatureDict;
  /** Root of the workflow, where the body does not name one itself. */
  readonly rootId: string;
}

/** A header task of a chord that has ended. */
export interface ChordPart extends ChordEnd {
  readonly groupId: string;
  readonly taskId: string;
  /** Its place among the results; parts without one come last. */
  readonly groupIndex: number | undefined;
  readonly state: 'SUCCESS' | 'FAILURE' | 'REVOKED';
  /** The return value, or the `RemoteError`. */
  readonly result: unknown;
  /** Where its message came from: see `abandoned`. Undefined: unknown, and what the parts before it told stands. */
  readonly home: string | undefined;
}

/** What counting a part came to. `repeated`: it was known already, or the chord is over. */
export type ChordCount =
  | { readonly kind: 'counted' }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'complete'; readonly claim: ChordClaim };

/** The right to finish one chord, for one finisher, for the lease. */
export interface ChordClaim extends ChordEnd {
  readonly groupId: string;
  /** In the order of the header; each task id once. */
  readonly parts: readonly EndedPart[];
  /** Parts that never came; 0 unless the deadline has passed. */
  readonly missing: number;
  /** Distinguishes this claim from an earlier one of the same chord. */
  readonly token: string;
}

export interface EndedPart {
  readonly taskId: string;
  readonly state: 'SUCCESS' | 'FAILURE' | 'REVOKED' | (string & {});
  readonly result: unknown;
}

/** How long a finisher that is not heard of has the chord for itself. */
export const CHORD_LEASE_MS = 15_000;
/** Deadline of a chord that was sent by others, from its first part, where results are kept for ever. */
export const CHORD_LOST_AFTER_MS = 86_400_000;
