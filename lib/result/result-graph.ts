import { drawDot, drawMermaid, type Picture } from '../runtime/picture.js';
import { inTurns } from './in-turns.js';
import type { AnyResult } from './result.js';

export interface ResultGraphNode {
  readonly id: string;
  readonly kind: 'task' | 'group';
  /** Of a group: `FAILURE` when a member has failed or been revoked, `SUCCESS` when all have succeeded, else `PENDING`. */
  readonly state: string;
}

export interface ResultGraphEdge {
  readonly from: string;
  readonly to: string;
}

/**
 * A workflow as it stands: its tasks and groups, what sent what, which members a group has and what comes after what.
 * Plain data, with two ways to draw it.
 */
export class ResultGraph {
  constructor(
    readonly nodes: readonly ResultGraphNode[],
    readonly edges: readonly ResultGraphEdge[],
  ) {}

  /** For Graphviz. */
  toDot(): string {
    return drawDot(this.#picture());
  }

  /** For Mermaid. */
  toMermaid(): string {
    return drawMermaid(this.#picture());
  }

  #picture(): Picture {
    return {
      boxes: this.nodes.map(({ id, kind, state }) => ({ id, label: [id, state], round: kind === 'group' })),
      arrows: this.edges,
    };
  }
}

/** All that can be reached from a result: by its parents and by what its tasks have sent so far. */
export async function resultGraph(start: AnyResult): Promise<ResultGraph> {
  const known = new Map<string, AnyResult>();
  const states = new Map<string, string>();
  const edges = new Map<string, ResultGraphEdge>();
  let found: AnyResult[] = [];
  const meet = (result: AnyResult): void => {
    if (known.has(result.id)) return;
    known.set(result.id, result);
    found.push(result);
  };
  const connect = (from: AnyResult, to: AnyResult): void => {
    meet(from);
    meet(to);
    // A task that was retried stands among its own children.
    if (from.id !== to.id) edges.set(JSON.stringify([from.id, to.id]), { from: from.id, to: to.id });
  };
  meet(start);
  while (found.length > 0) {
    const some = found;
    found = [];
    await inTurns(some, async (result) => {
      if (result.kind === 'task') states.set(result.id, await result.state());
      const children = await result.children();
      if (result.parent !== undefined) connect(result.parent, result);
      for (const child of children) connect(result, child);
    });
  }
  const nodes = [...known.values()].map((result) => ({
    id: result.id,
    kind: result.kind,
    state: stateOf(result, states),
  }));
  return new ResultGraph(nodes, [...edges.values()]);
}

function stateOf(result: AnyResult, states: ReadonlyMap<string, string>): string {
  if (result.kind === 'task') return states.get(result.id) ?? 'PENDING';
  const members = result.results.map((member) => stateOf(member, states));
  if (members.some((state) => state === 'FAILURE' || state === 'REVOKED')) return 'FAILURE';
  return members.every((state) => state === 'SUCCESS') ? 'SUCCESS' : 'PENDING';
}
