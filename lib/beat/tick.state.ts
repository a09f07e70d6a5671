/** How far an entry has come. */
export interface TickState {
  /** The last tick that is done with; ms since the epoch, as all instants here. */
  readonly cursorMs: number;
  /** A tick that was given to the broker, and about which nothing more is known. */
  readonly sendingMs: number | undefined;
  readonly lastRunAtMs: number | undefined;
  readonly lastTaskId: string | undefined;
  readonly totalRunCount: number;
  /** Ticks that were left out because the run before was not over. */
  readonly skippedCount: number;
}

/** One text for one state: stores compare texts. */
export function encodeState(state: TickState): string {
  const { cursorMs, sendingMs, lastRunAtMs, lastTaskId, totalRunCount, skippedCount } = state;
  return JSON.stringify([
    cursorMs,
    sendingMs ?? null,
    lastRunAtMs ?? null,
    lastTaskId ?? null,
    totalRunCount,
    skippedCount,
  ]);
}

/** Of an entry that has not moved yet, or whose schedule was changed since: ticks are counted from `sinceMs`. */
export function decodeState(text: string, sinceMs: number): TickState {
  const [cursor, sending, lastRunAt, lastTaskId, totalRunCount, skippedCount] = (
    text === '' ? [] : JSON.parse(text)
  ) as (number | string | null | undefined)[];
  return Object.freeze({
    cursorMs: Math.max(Number(cursor ?? 0), sinceMs),
    sendingMs: typeof sending === 'number' ? sending : undefined,
    lastRunAtMs: typeof lastRunAt === 'number' ? lastRunAt : undefined,
    lastTaskId: typeof lastTaskId === 'string' ? lastTaskId : undefined,
    totalRunCount: Number(totalRunCount ?? 0),
    skippedCount: Number(skippedCount ?? 0),
  });
}
