import { InvalidCanvasError } from '../errors.js';
import type { CallOptions } from './call.options.js';
import type { AnyCanvas, AnyChain, AnyChord, AnyGroup, Members } from './canvas.js';
import { checkedCanvas, checkedMembers, isMembers } from './check-canvas.js';
import { withMore } from './frozen.js';
import { mapMembers } from './members.js';
import { describe } from '../runtime/options.js';

/** @throws InvalidCanvasError for no steps at all, and for one that is no canvas */
export function chainShape(given: readonly unknown[]): AnyChain {
  if (given.length === 0) {
    throw new InvalidCanvasError('chain', 'it has no steps. Give it one at least.');
  }
  const steps = Object.freeze(given.map((step, index) => checkedCanvas(step, `chain step ${index}`)));
  return Object.freeze({ kind: 'chain', steps, options: NO_OPTIONS, immutable: false });
}

/** @throws InvalidCanvasError for a member that is no canvas; of members given one by one, when it comes */
export function groupShape(given: unknown): AnyGroup {
  const members = checkedMembers(given, 'group');
  return Object.freeze({ kind: 'group', members, options: NO_OPTIONS, immutable: false });
}

/** @throws InvalidCanvasError for a header that is no group or list, and for a body or member that is no canvas */
export function chordShape(given: unknown, bodyGiven: unknown): AnyChord {
  const body = checkedCanvas(bodyGiven, 'chord body');
  const header = headerOf(given);
  return Object.freeze({ kind: 'chord', ...header, body, options: NO_OPTIONS, immutable: false });
}

/** A group as header stands for its members; its id is the header's. */
function headerOf(given: unknown): Pick<AnyChord, 'header' | 'headerId'> {
  if (isMembers(given)) return { header: checkedMembers(given, 'chord header') };
  const canvas = checkedCanvas(given, 'chord header');
  if (canvas.kind !== 'group') {
    throw new InvalidCanvasError(
      'chord header',
      `expected a group, a list of canvases or an iterable, got a ${canvas.kind}. Put it into a list.`,
    );
  }
  const { taskId, ...options } = canvas.options;
  const header = toldMembers(canvas.members, options);
  return taskId === undefined ? { header } : { header, headerId: taskId };
}

/** Members with their group's options: of its links only the first member gets a copy, that takes no result. */
function toldMembers(members: Members, { link, ...each }: CallOptions): Members {
  if (link === undefined && Object.keys(each).length === 0) return members;
  const once = link?.map((dict) => ({ ...dict, immutable: true })) ?? [];
  return mapMembers(members, (member, index) => {
    const told = withMore(member, each);
    return index === 0 && once.length > 0 ? withMore(told, { link: once }) : told;
  });
}

/** One canvas, then the other: a group that something follows is a chord, a chain without options gets a step more. */
export function pipedShape(first: AnyCanvas, next: unknown): AnyChain | AnyChord {
  if (first.kind === 'group') return chordShape(first, next);
  const before =
    first.kind === 'chain' && Object.keys(first.options).length === 0 && !first.immutable
      ? first.steps
      : [first];
  return chainShape([...before, next]);
}

/** What was given to a builder as one list or one by one. */
export function listGiven(given: readonly unknown[]): readonly unknown[] {
  const [only] = given;
  if (given.length !== 1 || !isMembers(only)) return given;
  if (Symbol.iterator in only) return [...only];
  throw new InvalidCanvasError(
    'chain',
    `its steps come from an async iterable, ${describe(only)}. Collect them into an array first.`,
  );
}

const NO_OPTIONS: CallOptions = Object.freeze({});
