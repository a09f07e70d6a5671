// What brokers that sort a flood where it stands agree on.

/** Of the newest messages, at the first look behind a flood. */
export const FIRST_LOOK = 5_000;
/** So many in front that may run are work enough: no others are brought there. */
const ENOUGH = 100;
/** What can run this soon is brought to the front as well: whoever finds it there puts it away, or in line. */
const SOON_MS = 30_000;

/** Most of what stands in front cannot run now, and little of it can. */
export function isFlood(looked: number, put: number): boolean {
  const front = looked - put;
  return front < ENOUGH && put > front;
}

/** @param dueMs epoch ms; undefined: it may run at once */
export function belongsInFront(dueMs: number | undefined, nowMs: number): boolean {
  return dueMs === undefined || dueMs <= nowMs + SOON_MS;
}
