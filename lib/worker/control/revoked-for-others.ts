import type { RevokedTasks } from '../revoked.js';

/**
 * The latest revoked tasks in the form that Celery's workers read: when, in seconds since this machine's boot, and never
 * a whole number, which they would refuse.
 */
export function revokedForOthers(revoked: RevokedTasks): Record<string, number> {
  const nowSeconds = Number(process.hrtime.bigint() / 1_000n) / 1e6;
  const told: Record<string, number> = {};
  let count = 0;
  for (const [taskId, ageMs] of revoked.latest()) {
    if ((count += 1) > MOST_TOLD) break;
    const since = nowSeconds - ageMs / 1000;
    told[taskId] = Number.isInteger(since) ? since + 0.5 : since;
  }
  return told;
}

/** Older ones of a fleet that revokes so much have run or expired. */
const MOST_TOLD = 10_000;
