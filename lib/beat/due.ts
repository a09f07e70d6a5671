import type { Entry } from './entry.js';
import { dueMs } from './tick.js';

/** What is next for an entry. */
export type Due =
  /** Nothing until then; undefined: never again. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }
  /** Its tick is to be sent; those before it are given up. */
  | { readonly kind: 'send'; readonly instantMs: number }
  /** Ticks up to this one were missed, and are given up by the catch-up rule. */
  | { readonly kind: 'giveUp'; readonly throughMs: number };

export interface DueQuestion {
  /** The last tick that is done with, or the instant from which ticks are counted. */
  readonly cursorMs: number;
  /** Ticks up to here were switched off or paused: none of them is missed. */
  readonly floorMs: number;
  /** No beat was there until then: what came due before was missed. */
  readonly awakeSinceMs: number;
  readonly nowMs: number;
}

/** Decides by the entry's catch-up rule; changes nothing. */
export function whatIsDue(
  {
    name,
    timetable,
    jitterMs,
    catchUp,
    startingDeadlineMs,
  }: Pick<Entry, 'name' | 'timetable' | 'jitterMs' | 'catchUp' | 'startingDeadlineMs'>,
  { cursorMs, floorMs, awakeSinceMs, nowMs }: DueQuestion,
): Due {
  const baseMs = floorMs > cursorMs ? (timetable.latest(cursorMs, floorMs) ?? cursorMs) : cursorMs;
  const due = (instantMs: number): number => dueMs(name, instantMs, jitterMs);
  const first = timetable.next(baseMs);
  if (first === undefined) return { kind: 'wait', untilMs: undefined };
  if (due(first) > nowMs) return { kind: 'wait', untilMs: due(first) };

  const chosen = catchUp === 'all' ? first : lastDue(first);
  if (!isTooLate(due(chosen))) return { kind: 'send', instantMs: chosen };
  const hopelessMs = nowMs - jitterMs - (startingDeadlineMs ?? Number.POSITIVE_INFINITY);
  return { kind: 'giveUp', throughMs: Math.max(chosen, timetable.latest(chosen, hopelessMs) ?? chosen) };

  function lastDue(from: number): number {
    let last = Math.max(from, timetable.latest(from, nowMs - jitterMs) ?? from);
    for (let at = timetable.next(last); at !== undefined && due(at) <= nowMs; at = timetable.next(at))
      last = at;
    return last;
  }

  function isTooLate(atMs: number): boolean {
    if (startingDeadlineMs !== undefined && nowMs - atMs > startingDeadlineMs) return true;
    return catchUp === 'none' && atMs < awakeSinceMs;
  }
}
