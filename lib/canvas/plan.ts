import type { SignatureDict } from '../message/signature.js';
import { unreachable } from '../runtime/unreachable.js';
import { toCanvasDict } from './canvas-dict.js';
import type { AnyCanvas } from './canvas.js';
import type { AnySignature, CallOptions } from './call.options.js';
import { counter, joined } from './membership.js';
import { resultOf, type ChordNode, type PlannedResult, type Workflow } from './workflow.js';

/** One thing to do, in the order of the plan. */
export type PlanStep =
  | { readonly kind: 'send'; readonly call: AnySignature }
  /** Before any task of its header is sent. */
  | { readonly kind: 'openChord'; readonly chord: PlannedChord };

export interface PlannedChord {
  readonly groupId: string;
  /** Parts to be counted: a chain is one, a chord in the header as many as its body has. */
  readonly size: number;
  readonly body: SignatureDict;
  readonly header: readonly PlannedResult[];
}

/**
 * What is sent now for a workflow, one by one; all else travels in these messages. Pure: the same workflow gives the same
 * plan.
 * @param chain Celery's reversed rest of a chain that the workflow is the next step of
 */
export function* plan(workflow: Workflow, chain: readonly SignatureDict[] = []): Generator<PlanStep> {
  switch (workflow.kind) {
    case 'task':
      return yield { kind: 'send', call: followed(workflow.call, chain) };
    case 'chain': {
      const [first, ...others] = workflow.steps;
      if (first === undefined) return undefined;
      const rest = others.map((step) => toCanvasDict(canvasOf(step))).toReversed();
      return yield* plan(first, [...chain, ...rest]);
    }
    case 'group':
      for (const member of workflow.members) yield* plan(member);
      return undefined;
    case 'chord':
      return yield* planChord(workflow, chain);
    default:
      return unreachable(workflow);
  }
}

/** A frozen workflow as a canvas again, its ids in its options. */
export function canvasOf(workflow: Workflow): AnyCanvas {
  switch (workflow.kind) {
    case 'task':
      return workflow.call;
    case 'chain':
      return { kind: 'chain', steps: workflow.steps.map(canvasOf), options: NO_OPTIONS, immutable: false };
    case 'group': {
      const options = { taskId: workflow.id };
      return { kind: 'group', members: workflow.members.map(canvasOf), options, immutable: false };
    }
    case 'chord': {
      const header = workflow.header.map(canvasOf);
      const body = canvasOf(workflow.body);
      const { id: headerId } = workflow;
      return { kind: 'chord', header, headerId, body, options: NO_OPTIONS, immutable: false };
    }
    default:
      return unreachable(workflow);
  }
}

function* planChord(
  { id: groupId, header, body }: ChordNode,
  chain: readonly SignatureDict[],
): Generator<PlanStep> {
  if (header.length === 0) return yield* plan(withResults(body, []), chain);
  const next = counter();
  const dict = goingOn(toCanvasDict(canvasOf(body)), chain);
  const parts = header.map((member) => joined(member, { groupId, chord: dict }, next));
  const results = parts.map((part) => resultOf(part));
  const size = next();
  if (size > 0) yield { kind: 'openChord', chord: { groupId, size, body: dict, header: results } };
  for (const part of parts) yield* plan(part);
  // Nothing in it ends in a task: there is nothing to wait for.
  if (size === 0) yield* plan(withResults(body, results.map(emptyValue)), chain);
}

/** A body that goes on with the rest of a chain is a chain itself. */
function goingOn(body: SignatureDict, chain: readonly SignatureDict[]): SignatureDict {
  if (chain.length === 0) return body;
  const own: unknown = body.kwargs['tasks'];
  const steps: readonly unknown[] = body.subtask_type === 'chain' && Array.isArray(own) ? own : [body];
  return Object.freeze({
    task: 'celery.chain',
    args: [],
    kwargs: { tasks: [...steps, ...chain.toReversed()] },
    options: body.subtask_type === 'chain' ? body.options : {},
    subtask_type: 'chain',
    immutable: false,
  });
}

/** The body of a chord that counts no parts gets its results at once: lists without a value in them. */
function withResults(body: Workflow, results: readonly unknown[]): Workflow {
  const each = (part: Workflow): Workflow => withResults(part, results);
  switch (body.kind) {
    case 'task': {
      const { call } = body;
      return call.immutable ? body : { kind: 'task', call: { ...call, args: [results, ...call.args] } };
    }
    case 'chain': {
      const [first, ...others] = body.steps;
      return first === undefined ? body : { kind: 'chain', steps: [each(first), ...others] };
    }
    case 'group':
      return { ...body, members: body.members.map(each) };
    case 'chord':
      return { ...body, header: body.header.map(each) };
    default:
      return unreachable(body);
  }
}

function emptyValue({ members }: PlannedResult): unknown {
  return (members ?? []).map(emptyValue);
}

function followed(call: AnySignature, chain: readonly SignatureDict[]): AnySignature {
  if (chain.length === 0) return call;
  const options = { ...call.options, chain: [...chain, ...(call.options.chain ?? [])] };
  return { ...call, options: Object.freeze(options) };
}

const NO_OPTIONS: CallOptions = Object.freeze({});
