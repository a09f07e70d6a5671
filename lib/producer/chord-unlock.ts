import { makeSignature } from '../canvas/signature.js';
import type { AnySignature } from '../canvas/call.options.js';
import type { PlannedChord } from '../canvas/plan.js';
import type { PlannedResult } from '../canvas/workflow.js';

/** Celery's task that looks again and again whether a chord's parts have ended, for backends that cannot count them. */
export const CHORD_UNLOCK = 'celery.chord_unlock';

/**
 * Its first look: a second after the header was sent, where the body will run.
 * @param lostAfterMs until parts that have not ended count as lost; a worker looks every second unless told otherwise
 */
export function chordUnlockCall({ groupId, body, header }: PlannedChord, lostAfterMs: number): AnySignature {
  const { queue } = body.options;
  return makeSignature(CHORD_UNLOCK, {
    args: [groupId, body],
    kwargs: {
      interval: null,
      max_retries: Math.ceil(lostAfterMs / LOOKS_EVERY_MS),
      result: header.map(resultTuple),
    },
    options: Object.freeze({
      countdownMs: LOOKS_EVERY_MS,
      ignoreResult: true,
      ...(typeof queue === 'string' ? { queue } : {}),
    }),
    immutable: true,
  });
}

const LOOKS_EVERY_MS = 1_000;

/** Celery's `as_tuple`. */
export function resultTuple({ id, parent, members }: PlannedResult): unknown[] {
  return [
    [id, parent === undefined ? null : resultTuple(parent)],
    members === undefined ? null : members.map(resultTuple),
  ];
}
