import type { ChordClaim } from '../backend/chord-store.js';
import type { ResultBackend } from '../backend/result-backend.js';

export interface JoinedResults {
  readonly results: readonly unknown[];
  /** The sender has saved the shape of the header's group. */
  readonly saved: boolean;
}

/**
 * What a chord's body gets: the results in the order of the header. A part that came to a group, of which the sender has
 * saved the shape, is a list of its own.
 */
export async function joinedResults(claim: ChordClaim, backend: ResultBackend): Promise<JoinedResults> {
  const group = await backend.restoreGroup(claim.groupId);
  const saved = group !== undefined;
  const shape = membersOf(group);
  if (shape === undefined || !shape.some((member) => membersOf(member) !== undefined))
    return { results: claim.parts.map(({ result }) => result), saved };
  const byId = new Map(claim.parts.map(({ taskId, result }) => [taskId, result]));
  const valueOf = (node: unknown): unknown => {
    const members = membersOf(node);
    if (members !== undefined) return members.map(valueOf);
    const id = idOf(node);
    return id === undefined ? null : (byId.get(id) ?? null);
  };
  return { results: shape.map(valueOf), saved };
}

/** Of Celery's `[[id, parent], [member, …]]`; undefined for a task. */
function membersOf(tuple: unknown): readonly unknown[] | undefined {
  const members: unknown = Array.isArray(tuple) ? tuple[1] : undefined;
  return Array.isArray(members) ? members : undefined;
}

function idOf(tuple: unknown): string | undefined {
  const head: unknown = Array.isArray(tuple) ? tuple[0] : undefined;
  const id: unknown = Array.isArray(head) ? head[0] : undefined;
  return typeof id === 'string' ? id : undefined;
}
