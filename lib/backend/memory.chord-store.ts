import { randomUUID } from 'node:crypto';
import type { Clock } from '../runtime/clock.js';
import type { ChordPartCodec } from './chord-part.codec.js';
import {
  CHORD_LEASE_MS,
  type ChordClaim,
  type ChordCount,
  type ChordEnd,
  type ChordOpening,
  type ChordPart,
  type ChordStore,
} from './chord-store.js';
import { KeptStates } from './kept-states.js';

interface Counted {
  readonly member: Buffer;
  readonly groupIndex: number;
}

interface Chord {
  /** Undefined while there is nothing but `grown`. */
  readonly end: { readonly body: Buffer; readonly rootId: string } | undefined;
  /** Undefined until it is opened. */
  readonly size: number | undefined;
  /** Task ids. */
  readonly grown: ReadonlySet<string>;
  readonly deadlineMs: number;
  /** By task id. */
  readonly parts: Map<string, Counted>;
  readonly claim: Claim | undefined;
  /** Of the last part that has one. */
  readonly home: string | undefined;
}

interface Claim {
  readonly token: string;
  readonly untilMs: number;
  readonly missing: number;
}

/** Chords that are over: remembered as long as a late part of theirs may reasonably come. */
const OVER = { maxStates: 50_000, maxBytes: Number.POSITIVE_INFINITY };

/** Chords of this process: shared by the stores that are opened with the same name. */
export class MemoryChords {
  readonly open = new Map<string, Chord>();
  readonly over = new KeptStates<true>(OVER);
}

/** The reference implementation: counts in this process. */
export class MemoryChordStore implements ChordStore {
  /** @param lostAfterMs deadline of a chord whose sender has not opened it, from its first part */
  constructor(
    private readonly chords: MemoryChords,
    private readonly codec: ChordPartCodec,
    private readonly clock: Clock,
    private readonly lostAfterMs: number,
  ) {}

  async open({ groupId, size, end, lostAfterMs }: ChordOpening): Promise<void> {
    const chord = this.#find(groupId);
    if (chord === undefined || chord.size !== undefined || chord.claim !== undefined) return;
    const deadlineMs = this.clock.now() + lostAfterMs;
    this.chords.open.set(groupId, { ...chord, end: this.#kept(end), size, deadlineMs });
  }

  async grow(groupId: string, taskIds: readonly string[]): Promise<void> {
    const chord = this.#find(groupId);
    if (chord === undefined || chord.claim !== undefined) return;
    this.chords.open.set(groupId, { ...chord, grown: new Set([...chord.grown, ...taskIds]) });
  }

  async count(part: ChordPart): Promise<ChordCount> {
    const { groupId, taskId, groupIndex = Number.POSITIVE_INFINITY } = part;
    const chord = this.#find(groupId);
    if (chord === undefined) return REPEATED;
    const { claim, parts, end = this.#kept(part) } = chord;
    if (claim !== undefined) {
      if (claim.untilMs > this.clock.now()) return REPEATED;
      return { kind: 'complete', claim: this.#claim(groupId, { ...chord, end }, claim.missing) };
    }
    if (parts.has(taskId)) return REPEATED;
    parts.set(taskId, { member: this.codec.encodePart(part), groupIndex });
    const known = { ...chord, end, home: part.home ?? chord.home };
    this.chords.open.set(groupId, known);
    if (missingOf(known) !== 0) return COUNTED;
    return { kind: 'complete', claim: this.#claim(groupId, known, 0) };
  }

  async close({ groupId }: ChordClaim): Promise<void> {
    this.chords.open.delete(groupId);
    this.chords.over.set(groupId, true, 0);
  }

  async renew(claim: ChordClaim): Promise<void> {
    this.#lasts(claim, this.clock.now() + CHORD_LEASE_MS);
  }

  async release(claim: ChordClaim): Promise<void> {
    this.#lasts(claim, Number.NEGATIVE_INFINITY);
  }

  async abandoned(limit: number, homes: readonly string[]): Promise<readonly ChordClaim[]> {
    const claims: ChordClaim[] = [];
    const nowMs = this.clock.now();
    for (const [groupId, chord] of this.chords.open) {
      if (claims.length >= limit) break;
      if (chord.home !== undefined && !homes.includes(chord.home)) continue;
      const missing = missingIfAbandoned(chord, nowMs);
      if (missing === undefined) continue;
      const { end } = chord;
      // Others grew it, and then nothing came of it.
      if (end === undefined) this.chords.open.delete(groupId);
      else claims.push(this.#claim(groupId, { ...chord, end }, missing));
    }
    return claims;
  }

  #lasts({ groupId, token }: ChordClaim, untilMs: number): void {
    const chord = this.chords.open.get(groupId);
    if (chord?.claim?.token !== token) return;
    this.chords.open.set(groupId, { ...chord, claim: { ...chord.claim, untilMs } });
  }

  /** A fresh one when nothing is known of it yet; undefined when it is over. */
  #find(groupId: string): Chord | undefined {
    if (this.chords.over.get(groupId) !== undefined) return undefined;
    return (
      this.chords.open.get(groupId) ?? {
        end: undefined,
        size: undefined,
        grown: new Set(),
        deadlineMs: this.clock.now() + this.lostAfterMs,
        parts: new Map(),
        claim: undefined,
        home: undefined,
      }
    );
  }

  #kept({ body, rootId }: ChordEnd): NonNullable<Chord['end']> {
    return { body: this.codec.encodeBody(body), rootId };
  }

  #claim(
    groupId: string,
    chord: Chord & { readonly end: NonNullable<Chord['end']> },
    missing: number,
  ): ChordClaim {
    const token = randomUUID();
    const untilMs = this.clock.now() + CHORD_LEASE_MS;
    this.chords.open.set(groupId, { ...chord, claim: { token, untilMs, missing } });
    const parts = [...chord.parts.values()]
      .toSorted((one, other) => compare(one.groupIndex, other.groupIndex))
      .map(({ member }) => this.codec.decodePart(member));
    const { body, rootId } = chord.end;
    return { groupId, body: this.codec.decodeBody(body), rootId, parts, missing, token };
  }
}

const REPEATED: ChordCount = Object.freeze({ kind: 'repeated' });
const COUNTED: ChordCount = Object.freeze({ kind: 'counted' });

/** Undefined: nobody has said how many there are. */
function missingOf({ size, grown, parts }: Chord): number | undefined {
  return size === undefined ? undefined : Math.max(0, size + grown.size - parts.size);
}

/** Undefined: somebody will finish it yet. */
function missingIfAbandoned(chord: Chord, nowMs: number): number | undefined {
  const { claim, deadlineMs } = chord;
  if (claim !== undefined) return claim.untilMs <= nowMs ? claim.missing : undefined;
  const missing = missingOf(chord);
  return missing === 0 || deadlineMs <= nowMs ? (missing ?? 1) : undefined;
}

function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
