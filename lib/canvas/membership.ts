import { unreachable } from '../runtime/unreachable.js';
import type { AnySignature } from './call.options.js';
import type { Membership, Workflow } from './workflow.js';

/** The workflow as a part of a group or chord: each of its ends gets the next index, or none and comes last. */
export function joined(
  workflow: Workflow,
  { groupId, chord }: Membership,
  nextIndex: () => number | undefined,
): Workflow {
  return atEnds(workflow, (call) => {
    // A group from the wire whose members a chord counts.
    if (chord === undefined && call.options.chord !== undefined) return call;
    const groupIndex = nextIndex();
    const place = {
      groupId,
      ...(groupIndex === undefined ? {} : { groupIndex }),
      ...(chord === undefined ? {} : { chord }),
    };
    // Set, not merged: what it was frozen as part of gives way to what that is part of.
    return { ...call, options: Object.freeze({ ...call.options, ...place }) };
  });
}

/** The workflow as no part of that group any more: Celery's workers would count it there. */
export function apart(workflow: Workflow, group: string): Workflow {
  return atEnds(workflow, (call) => {
    const { groupId, groupIndex: _index, ...options } = call.options;
    return groupId === group && options.chord === undefined
      ? { ...call, options: Object.freeze(options) }
      : call;
  });
}

export function counter(first = 0): () => number {
  let next = first;
  return () => next++;
}

/** With its last tasks changed: those whose results are its results. */
function atEnds(workflow: Workflow, change: (call: AnySignature) => AnySignature): Workflow {
  switch (workflow.kind) {
    case 'task': {
      const call = change(workflow.call);
      return call === workflow.call ? workflow : { kind: 'task', call };
    }
    case 'chain': {
      const last = workflow.steps.at(-1);
      if (last === undefined) return workflow;
      return { ...workflow, steps: [...workflow.steps.slice(0, -1), atEnds(last, change)] };
    }
    case 'group':
      return { ...workflow, members: workflow.members.map((each) => atEnds(each, change)) };
    case 'chord':
      return { ...workflow, body: atEnds(workflow.body, change) };
    default:
      return unreachable(workflow);
  }
}
