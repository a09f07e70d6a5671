import type { AnyResult } from './result.js';

/** Celery's `as_tuple`: `[[id, parent], null]` for a task, `[[id, parent], [child, …]]` for a group. */
export interface ResultNode {
  readonly id: string;
  readonly parent: ResultNode | undefined;
  /** Members of a group; undefined for a task. */
  readonly members: readonly ResultNode[] | undefined;
}

const MAX_DEPTH = 1_000;

/** Reads a tuple from a result's `children` or from another process; undefined when it is none. */
export function readResultTuple(tuple: unknown, depth = 0): ResultNode | undefined {
  if (!Array.isArray(tuple) || tuple.length !== 2 || depth > MAX_DEPTH) return undefined;
  const [head, members]: readonly unknown[] = tuple;
  if (!Array.isArray(head) || typeof head[0] !== 'string') return undefined;
  const parent = readResultTuple(head[1], depth + 1);
  if (!Array.isArray(members)) return { id: head[0], parent, members: undefined };
  const read = members.map((each) => readResultTuple(each, depth + 1));
  return { id: head[0], parent, members: read.filter((each) => each !== undefined) };
}

export function writeResultTuple({ id, parent, members }: ResultNode): unknown[] {
  return [
    [id, parent === undefined ? null : writeResultTuple(parent)],
    members === undefined ? null : members.map(writeResultTuple),
  ];
}

/** What another process needs to make the same handles. */
export function tupleOf(result: AnyResult): unknown[] {
  return writeResultTuple(nodeOf(result));
}

function nodeOf(result: AnyResult): ResultNode {
  const { id, parent } = result;
  return {
    id,
    parent: parent === undefined ? undefined : nodeOf(parent),
    members: result.kind === 'group' ? result.results.map(nodeOf) : undefined,
  };
}
