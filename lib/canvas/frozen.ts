import { InvalidCanvasError } from '../errors.js';
import { unreachable } from '../runtime/unreachable.js';
import type { AnySignature, CallOptions } from './call.options.js';
import { DEEPEST_CANVAS, fromCanvasDict, listed } from './canvas-dict.js';
import type { AnyCanvas, AnyChain, AnyChord, AnyGroup } from './canvas.js';
import { apart, counter, joined } from './membership.js';
import { mergeOptions } from './merge-options.js';
import type { ChordNode, GroupNode, Workflow } from './workflow.js';

export interface Freezing {
  readonly newId: () => string;
  /** Queue that results come back to, where they travel as messages: whoever sends a later step must know it. */
  readonly replyTo?: string | undefined;
  /** Links a chord's error callbacks to its header's tasks too (`task_allow_error_cb_on_chord_header`). */
  readonly errorsOnHeader: boolean;
}

/**
 * Makes a canvas ready to be sent, in Celery's words: freezes it. Chains in chains become one, empty parts are left out,
 * a group with something after it becomes a chord, a group in a group or in a header stands for its members (in their
 * order, which Celery 5 turns round in a header).
 *
 * Options given to a canvas mean: of a chain, `link`, id and memberships its last step, `linkError`, expiry and stamps
 * every step, all else its first; of a group, every member, but `link` the first one only, as an immutable call; of a
 * chord, header and body alike, but `link`, `linkError` and id the body, `countdown` and `eta` the header.
 *
 * Undefined: nothing is left to send.
 * @throws InvalidCanvasError for one too deep, and for members that cannot be listed
 */
export function freeze(canvas: AnyCanvas, freezing: Freezing, depth = 0): Workflow | undefined {
  if (depth > DEEPEST_CANVAS) {
    throw new InvalidCanvasError(
      'canvas',
      `it is nested deeper than ${DEEPEST_CANVAS} levels, or holds itself. Make it flatter.`,
    );
  }
  switch (canvas.kind) {
    case 'task':
      return frozenTask(canvas, freezing);
    case 'chain':
      return frozenChain(canvas, freezing, depth);
    case 'group':
      return frozenGroup(canvas, freezing, depth);
    case 'chord':
      return frozenChord(canvas, freezing, depth);
    default:
      return unreachable(canvas);
  }
}

/** The canvas with more said: given options win, links are added to those it has. */
export function withMore(canvas: AnyCanvas, more: CallOptions): AnyCanvas {
  const { link, linkError } = canvas.options;
  const options = mergeOptions(canvas.options, more);
  if (options === canvas.options) return canvas;
  return Object.freeze({
    ...canvas,
    options: Object.freeze({
      ...options,
      ...(link && more.link ? { link: [...link, ...more.link] } : {}),
      ...(linkError && more.linkError ? { linkError: [...linkError, ...more.linkError] } : {}),
    }),
  });
}

function frozenTask(call: AnySignature, { newId, replyTo }: Freezing): Workflow {
  const { taskId, replyTo: own } = call.options;
  if (taskId !== undefined && (own ?? replyTo) === own) return { kind: 'task', call };
  const ids = { taskId: taskId ?? newId(), ...defined({ replyTo: own ?? replyTo }) };
  return { kind: 'task', call: { ...call, options: Object.freeze({ ...call.options, ...ids }) } };
}

function frozenChain(chain: AnyChain, freezing: Freezing, depth: number): Workflow | undefined {
  const all = flatSteps(chain, freezing, depth);
  // What comes last decides the result: an empty group there gives way to what is before it.
  const end = all.findLastIndex((step) => !isEmpty(step));
  const steps = end === -1 ? all.slice(-1) : all.slice(0, end + 1);
  return chained(foldGroups(spreadOverSteps(steps, chain.options, freezing), freezing), freezing, depth);
}

/** Steps without chains, groups of one and empty parts. */
function flatSteps({ steps }: AnyChain, freezing: Freezing, depth: number): AnyCanvas[] {
  return steps.flatMap((step): AnyCanvas[] => {
    if (depth > DEEPEST_CANVAS) return [step];
    const chain = step.kind === 'group' || step.kind === 'chord' ? followedBy(step) : step;
    if (chain?.kind !== 'chain') return [step];
    return spreadOverSteps(flatSteps(chain, freezing, depth + 1), chain.options, freezing);
  });
}

function spreadOverSteps(
  steps: AnyCanvas[],
  options: CallOptions,
  { errorsOnHeader }: Freezing,
): AnyCanvas[] {
  const { last, every, rest } = split(options);
  const { linkError, ...others } = every;
  // A group that something follows is the header of a chord: its body hears of what fails in it.
  const toHeader = errorsOnHeader ? defined({ ...others, linkError: immutable(linkError) }) : others;
  const end = steps.length - 1;
  const filled = steps.findLastIndex((step) => !isEmpty(step));
  return steps.map((step, index) => {
    const isHeader = step.kind === 'group' && index < filled && listed(step.members).length !== 1;
    let told = withMore(step, isHeader ? toHeader : every);
    if (index === 0) told = withMore(told, rest);
    return index === end ? withMore(told, last) : told;
  });
}

/** A group takes all that comes after it as its chord's body; a chord's body goes on with what comes after. */
function foldGroups(steps: readonly AnyCanvas[], freezing: Freezing): AnyCanvas[] {
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'group' && step.kind !== 'chord') continue;
    const after = steps.slice(index + 1);
    const [next] = after;
    if (next === undefined) return [...steps.slice(0, index), step];
    if (step.kind === 'group') {
      const members = listed(step.members);
      const [only] = members;
      // A group of one is its only member.
      if (members.length === 1 && only !== undefined)
        return [
          ...steps.slice(0, index),
          ...foldGroups(flatSteps(chainOf([ungrouped(step, only), ...after]), freezing, 0), freezing),
        ];
      return [...steps.slice(0, index), chordOf(step, after.length === 1 ? next : chainOf(after))];
    }
    const { header, body, end } = partsOf(step, freezing);
    const whole = withMore(chainOf([body, ...after]), end);
    return [...steps.slice(0, index), Object.freeze({ ...step, header, body: whole, options: NO_OPTIONS })];
  }
  return [...steps];
}

/** Whole once nothing follows that has to be put into a body. */
function chained(steps: readonly AnyCanvas[], freezing: Freezing, depth: number): Workflow | undefined {
  const frozen = steps.map((step) => freeze(step, freezing, depth + 1)).filter((step) => step !== undefined);
  // A chord, or a member of a group of one, can itself have come to a chain.
  const flat = frozen.flatMap((step) => (step.kind === 'chain' ? step.steps : [step]));
  return flat.length > 1 ? { kind: 'chain', steps: flat } : flat[0];
}

function frozenGroup(group: AnyGroup, freezing: Freezing, depth: number): Workflow | undefined {
  const following = followedBy(group);
  if (following !== undefined) return freeze(following, freezing, depth);
  const { taskId, groupId, groupIndex, chord, ...rest } = group.options;
  const id = taskId ?? freezing.newId();
  const members = frozenMembers(group, rest, freezing, depth);
  const next = counter();
  const node: GroupNode = {
    kind: 'group',
    id,
    members: members.map((member) => joined(member, { groupId: id, chord: undefined }, next)),
  };
  if (groupId === undefined) return node;
  return joined(node, { groupId, chord }, counter(groupIndex));
}

/** Members with their group's options; groups among them give way to their own members. */
function frozenMembers(
  { members }: Pick<AnyGroup, 'members'>,
  options: CallOptions,
  freezing: Freezing,
  depth: number,
): Workflow[] {
  return listed(members).flatMap(memberFreezer(options, freezing, depth));
}

/** Freezes the members of one group, in their order. */
export function memberFreezer(
  options: CallOptions,
  freezing: Freezing,
  depth = 0,
): (member: AnyCanvas) => readonly Workflow[] {
  const { link, ...each } = options;
  let once = immutable(link);
  return (member) => {
    const told = withMore(member, each);
    const linked = once === undefined ? told : withMore(told, { link: once });
    once = undefined;
    return flatMembers(freeze(linked, freezing, depth + 1));
  };
}

function flatMembers(workflow: Workflow | undefined): readonly Workflow[] {
  if (workflow === undefined) return [];
  return workflow.kind === 'group' ? workflow.members.map((each) => apart(each, workflow.id)) : [workflow];
}

function frozenChord(chord: AnyChord, freezing: Freezing, depth: number): Workflow | undefined {
  const following = followedBy(chord);
  if (following !== undefined) return freeze(following, freezing, depth);
  const { header, body, end } = partsOf(chord, freezing);
  const frozenBody = freeze(withMore(body, end), freezing, depth + 1);
  // Without a body the header is a group like any other.
  if (frozenBody === undefined) return freeze(groupOf(chord, header), freezing, depth);
  const members = frozenMembers({ members: header }, NO_OPTIONS, freezing, depth);
  const node: ChordNode = {
    kind: 'chord',
    id: chord.headerId ?? freezing.newId(),
    header: members,
    body: frozenBody,
  };
  return node;
}

/** A chord with its options where they belong: in its header and its body, and what concerns the end of the whole. */
function partsOf({ header, body, options }: AnyChord, { errorsOnHeader }: Freezing) {
  const { taskId, groupId, groupIndex, chord, link, linkError, ...both } = options;
  const { countdownMs: _countdown, etaMs: _eta, parentId: _parent, ...later } = both;
  const toHeader = defined({ ...both, linkError: errorsOnHeader ? immutable(linkError) : undefined });
  return {
    header: listed(header).map((member) => withMore(member, toHeader)),
    body: withMore(body, defined({ taskId, link, linkError, ...later })),
    end: defined({ groupId, groupIndex, chord }),
  };
}

/** What the options say comes after a canvas becomes part of it. */
function followedBy(canvas: AnyGroup | AnyChord): AnyChain | undefined {
  const { chain, ...options } = canvas.options;
  if (chain === undefined || chain.length === 0) return undefined;
  // Celery keeps the rest of a chain reversed. Who is called back, and what counts the end, concerns that end.
  const { last, rest, every } = split(options);
  const steps: readonly AnyCanvas[] = [
    Object.freeze({ ...canvas, options: Object.freeze({ ...rest }) }),
    ...chain.toReversed().map((dict) => fromCanvasDict(dict)),
  ];
  return Object.freeze({
    kind: 'chain',
    steps,
    options: Object.freeze({ ...last, ...every }),
    immutable: false,
  });
}

interface Split {
  readonly last: CallOptions;
  readonly every: CallOptions;
  readonly rest: CallOptions;
}

function split(options: CallOptions): Split {
  const { taskId, groupId, groupIndex, chord, chain, link, ...others } = options;
  const { linkError, expiresInMs, expiresAtMs, stamps, ignoreResult, replacedTaskNesting, ...rest } = others;
  return {
    last: defined({ taskId, groupId, groupIndex, chord, chain, link }),
    every: defined({ linkError, expiresInMs, expiresAtMs, stamps, ignoreResult, replacedTaskNesting }),
    rest,
  };
}

function isEmpty(canvas: AnyCanvas): boolean {
  switch (canvas.kind) {
    case 'task':
      return false;
    case 'chain':
      return canvas.steps.every(isEmpty);
    case 'group':
      return listed(canvas.members).every(isEmpty);
    case 'chord':
      return isEmpty(canvas.body) && listed(canvas.header).every(isEmpty);
    default:
      return unreachable(canvas);
  }
}

function chainOf(steps: readonly AnyCanvas[]): AnyChain {
  return Object.freeze({ kind: 'chain', steps, options: NO_OPTIONS, immutable: false });
}

function chordOf({ members, options, immutable: takesNothing }: AnyGroup, body: AnyCanvas): AnyChord {
  // What was said of the group is said of the header.
  const { link, linkError, taskId: headerId, groupId, groupIndex, chord, ...each } = options;
  const header = listed(members).map((member, index) => {
    const told = withMore(member, defined({ ...each, linkError }));
    const once = immutable(link);
    return once !== undefined && index === 0 ? withMore(told, { link: once }) : told;
  });
  const end = defined({ groupId, groupIndex, chord });
  return Object.freeze({
    kind: 'chord',
    header,
    ...(headerId === undefined ? {} : { headerId }),
    body: withMore(body, end),
    options: NO_OPTIONS,
    immutable: takesNothing,
  });
}

function groupOf({ immutable: takesNothing }: AnyChord, members: readonly AnyCanvas[]): AnyGroup {
  return Object.freeze({ kind: 'group', members, options: NO_OPTIONS, immutable: takesNothing });
}

function ungrouped({ options }: AnyGroup, only: AnyCanvas): AnyCanvas {
  const { link, taskId: _group, ...each } = options;
  const told = withMore(only, each);
  return link === undefined ? told : withMore(told, defined({ link: immutable(link) }));
}

/** Callbacks that take nothing. */
function immutable(callbacks: CallOptions['link']): CallOptions['link'] {
  return callbacks?.map((dict) => ({ ...dict, immutable: true }));
}

function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const NO_OPTIONS: CallOptions = Object.freeze({});
