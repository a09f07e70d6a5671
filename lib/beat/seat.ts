import type { Entry } from './entry.js';
import type { StoredEntry } from './schedule.store.js';
import { decodeState, type TickState } from './tick.state.js';

/** One entry in a leading beat. */
export interface Seat {
  readonly stored: StoredEntry;
  /** Undefined: it cannot be read, and never runs. */
  readonly entry: Entry | undefined;
  /** As the store has it. */
  text: string;
  state: TickState;
  /** The tick on record as being sent was surely not delivered. */
  unsent: boolean;
  /** The tick on record as being sent was delivered; this is still to be recorded. */
  sent: TickState | undefined;
  /** The store knew better than this seat, and nothing has moved since. */
  stale: boolean;
  failures: number;
}

/** @throws SyntaxError for a state that is none */
export function seatFor(stored: StoredEntry, entry: Entry | undefined): Seat {
  const state = decodeState(stored.state, stored.sinceMs);
  return {
    stored,
    entry,
    text: stored.state,
    state,
    unsent: false,
    sent: undefined,
    stale: false,
    failures: 0,
  };
}

/** What is known of a tick on its way outlives a change of its entry, and a change of the term. */
export function handOver(from: Seat, to: Seat): void {
  if (from === to || from.text !== to.text) return;
  to.unsent = from.unsent;
  to.sent = from.sent;
}

/** A switch at the entry has the last word over its definition. */
export function isOn({ stored, entry }: Seat): boolean {
  return entry !== undefined && (stored.enabled ?? entry.enabled);
}
