import { nextLocal, type CalendarPattern } from './calendar.js';
import type { Piece, TimeZone } from './time-zone.js';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** How far is looked from where the calendar has a match, which is enough unless a repeated hour hides it. */
const WINDOW_MS = 4 * DAY_MS;
/** Farther than the clock of any zone was ever set back. */
const LONGEST_REPEAT_MS = 2 * DAY_MS;

/**
 * The first instant after `afterMs` at which a calendar schedule runs. The rule where clocks change:
 * - a local time that is skipped runs at the first instant after the gap, once for all that is skipped there;
 * - a local time that is repeated runs the first time only if the schedule names its hours, and each time if the hour
 *   field has a `*`.
 * Undefined: never again.
 */
export function nextInZone(pattern: CalendarPattern, zone: TimeZone, afterMs: number): number | undefined {
  let from = Math.floor(afterMs / SECOND_MS) * SECOND_MS + SECOND_MS;
  for (;;) {
    // Every zone's local time, of now and of what a change skips, is within a day of UTC.
    const match = nextLocal(pattern, from - DAY_MS);
    if (match === undefined) return undefined;
    from = Math.max(from, match - DAY_MS);
    const found = searched(pattern, zone, from, from + WINDOW_MS);
    if (found !== undefined) return found;
    from += WINDOW_MS;
  }
}

function searched(pattern: CalendarPattern, zone: TimeZone, from: number, until: number): number | undefined {
  let piece = zone.pieceAt(from);
  for (;;) {
    const before = zone.pieceAt(piece.fromMs - 1);
    if (piece.fromMs >= from && skippedOne(pattern, before, piece)) return piece.fromMs;
    const localFrom = Math.max(
      Math.max(from, piece.fromMs) + piece.offsetMs,
      pattern.wildcardHour ? Number.NEGATIVE_INFINITY : shownBefore(zone, piece, before),
    );
    const local = nextLocal(pattern, localFrom, piece.untilMs + piece.offsetMs);
    if (local !== undefined) return local - piece.offsetMs;
    if (piece.untilMs >= until) return undefined;
    piece = zone.pieceAt(piece.untilMs);
  }
}

function skippedOne(pattern: CalendarPattern, before: Piece, piece: Piece): boolean {
  const gapFrom = piece.fromMs + before.offsetMs;
  const gapUntil = piece.fromMs + piece.offsetMs;
  return gapUntil > gapFrom && nextLocal(pattern, gapFrom, gapUntil) !== undefined;
}

/** The local time that clocks had reached before this piece began. */
function shownBefore(zone: TimeZone, piece: Piece, before: Piece): number {
  let reached = before.untilMs + before.offsetMs;
  for (
    let earlier = before;
    earlier.fromMs > piece.fromMs - LONGEST_REPEAT_MS;
    earlier = zone.pieceAt(earlier.fromMs - 1)
  ) {
    reached = Math.max(reached, earlier.untilMs + earlier.offsetMs);
  }
  return reached;
}
