import { InvalidCanvasError } from '../errors.js';
import { describe } from '../runtime/options.js';
import type { AnyCanvas, Members } from './canvas.js';
import { DEEPEST_CANVAS } from './canvas-dict.js';
import { isList, mapMembers } from './members.js';

/**
 * What was given as a part of a canvas, once it is known to be a whole one. Members that come one by one are checked as
 * they come.
 * @param where its place, outermost first: `chain step 3`
 * @throws InvalidCanvasError naming the place (`chain step 3 → group member 0`), the value and the way out
 */
export function checkedCanvas(value: unknown, where: string): AnyCanvas {
  if (!isCanvas(value)) {
    throw new InvalidCanvasError(
      where,
      `expected a canvas, such as handle.s(), chain(...) or group(...), got ${described(value)}`,
    );
  }
  levelsOf(value, { where, above: [] });
  return value;
}

/** The members of a group, or of a chord's header. */
export function checkedMembers(value: unknown, where: string): Members {
  if (!isMembers(value)) {
    throw new InvalidCanvasError(
      where,
      `expected a list of canvases, an iterable or an async iterable, got ${described(value)}`,
    );
  }
  const name = where === 'chord header' ? where : `${where} member`;
  return mapMembers(value, (member, index) => checkedCanvas(member, `${name} ${index}`));
}

/** True for the outermost shape: what is inside is not looked at. */
export function isCanvas(value: unknown): value is AnyCanvas {
  if (!isRecord(value) || !isRecord(value['options']) || typeof value['immutable'] !== 'boolean')
    return false;
  switch (value['kind']) {
    case 'task':
      return typeof value['task'] === 'string' && Array.isArray(value['args']) && isRecord(value['kwargs']);
    case 'chain':
      return 'steps' in value;
    case 'group':
      return 'members' in value;
    case 'chord':
      return 'header' in value && 'body' in value;
    default:
      return false;
  }
}

export function isMembers(value: unknown): value is Members {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

interface Place {
  readonly where: string;
  /** The canvases it is in. */
  readonly above: readonly object[];
}

/** Levels below canvases that nobody can change any more. */
const known = new WeakMap<object, number>();

/** How many levels of canvases are below this one. */
function levelsOf(canvas: AnyCanvas, place: Place): number {
  if (canvas.kind === 'task') return 0;
  const before = known.get(canvas);
  const levels = before ?? levelsInside(canvas, place);
  if (levels + place.above.length > DEEPEST_CANVAS) throw tooDeep(place);
  return levels;
}

function levelsInside(canvas: Exclude<AnyCanvas, { kind: 'task' }>, { where, above }: Place): number {
  if (above.includes(canvas)) {
    throw new InvalidCanvasError(
      outermost(where),
      `the ${canvas.kind} holds itself. Make a copy without the circle.`,
    );
  }
  if (above.length > DEEPEST_CANVAS) throw tooDeep({ where, above });
  const around = [...above, canvas];
  let deepest = 0;
  let lasting = Object.isFrozen(canvas);
  for (const { name, list } of partsOf(canvas, where)) {
    lasting &&= Object.isFrozen(list);
    for (const [index, part] of list.entries()) {
      const at = name === 'chord body' ? `${where} → ${name}` : `${where} → ${name} ${index}`;
      if (!isCanvas(part)) checkedCanvas(part, at);
      else {
        deepest = Math.max(deepest, levelsOf(part, { where: at, above: around }) + 1);
        lasting &&= part.kind === 'task' ? Object.isFrozen(part) : known.has(part);
      }
    }
  }
  if (lasting) known.set(canvas, deepest);
  return deepest;
}

interface Parts {
  readonly name: string;
  readonly list: readonly unknown[];
}

function partsOf(canvas: Exclude<AnyCanvas, { kind: 'task' }>, where: string): readonly Parts[] {
  switch (canvas.kind) {
    case 'chain':
      if (Array.isArray(canvas.steps)) return [{ name: 'chain step', list: canvas.steps }];
      throw new InvalidCanvasError(
        where,
        `the steps of the chain are no list, but ${described(canvas.steps)}`,
      );
    case 'group':
      return membersOf('group member', canvas.members, where);
    case 'chord':
      return [
        ...membersOf('chord header', canvas.header, where),
        { name: 'chord body', list: Object.freeze([canvas.body]) },
      ];
  }
}

function membersOf(name: string, members: unknown, where: string): readonly Parts[] {
  if (isMembers(members)) return isList(members) ? [{ name, list: members }] : [];
  throw new InvalidCanvasError(where, `the members of the group are no list, but ${described(members)}`);
}

function tooDeep({ where }: Place): InvalidCanvasError {
  return new InvalidCanvasError(
    outermost(where),
    `it is nested deeper than ${DEEPEST_CANVAS} levels. Make it flatter: a chain takes any number of steps.`,
  );
}

/** The first places of a long path. */
function outermost(where: string): string {
  const places = where.split(' → ');
  return places.length <= 4 ? where : `${places.slice(0, 4).join(' → ')} → …`;
}

/** With the way out of what is easily given instead. */
function described(value: unknown): string {
  if (isRecord(value) && typeof value['s'] === 'function')
    return `the handle of a task. Call its s() or si().`;
  if (value instanceof Promise) return 'a promise. Await it first.';
  return describe(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
