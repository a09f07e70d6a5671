import type { NodeReply } from '../control/reply.js';

/** Commands whose answers stand under `ok` on the wire; the others answer with the value itself. */
const UNDER_OK: ReadonlySet<string> = new Set(['ping', 'report']);

/** What `celery inspect --json` and `celery control --json` print: an object of all, a list of one for each. */
export function compatJson(
  family: 'inspect' | 'control',
  command: string,
  replies: readonly NodeReply[],
): unknown {
  const wrap = family === 'control' || UNDER_OK.has(command);
  const nodes = replies.map(({ hostname, value, error }) => {
    if (error !== undefined) return [hostname, { error }] as const;
    return [hostname, wrap && value !== null ? { ok: value } : (value ?? null)] as const;
  });
  return family === 'inspect' ? Object.fromEntries(nodes) : nodes.map(([name, reply]) => ({ [name]: reply }));
}
