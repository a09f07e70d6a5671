import { InvalidCanvasError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import { unreachable } from '../runtime/unreachable.js';
import type { CallOptions } from './call.options.js';
import type { AnyCanvas, AnyChain, AnyChord, AnyGroup, Members } from './canvas.js';
import { mapMembers } from './members.js';
import { fromSignatureDict, toSignatureDict } from './signature-dict.js';
import { readSignatureOptions, writeSignatureOptions } from './signature-options.js';

/** Levels of canvases in canvases. Chains are as long and groups as wide as they like. */
export const DEEPEST_CANVAS = 100;

/**
 * A canvas as Celery's dictionary, as it travels in `callbacks`, `chain` and `chord`.
 * @throws InvalidCanvasError for members that only come when they are asked for one by one, and for one too deep
 */
export function toCanvasDict(canvas: AnyCanvas, depth = 0): SignatureDict {
  if (depth > DEEPEST_CANVAS) throw tooDeep();
  const inner = (each: AnyCanvas): SignatureDict => toCanvasDict(each, depth + 1);
  switch (canvas.kind) {
    case 'task':
      return toSignatureDict(canvas);
    case 'chain':
      return composite('chain', canvas, { tasks: canvas.steps.map(inner) });
    case 'group':
      return composite('group', canvas, { tasks: listed(canvas.members).map(inner) });
    case 'chord': {
      const { headerId: taskId } = canvas;
      const options = taskId === undefined ? NO_OPTIONS : { taskId };
      const group = { kind: 'group', members: canvas.header, options, immutable: false } as const;
      return composite('chord', canvas, { header: inner(group), body: inner(canvas.body), kwargs: {} });
    }
    default:
      return unreachable(canvas);
  }
}

/**
 * A dictionary from the wire as a canvas.
 * @throws InvalidCanvasError for what is none: an unknown kind, steps that are no list, a step that is no signature
 */
export function fromCanvasDict(dict: SignatureDict, depth = 0): AnyCanvas {
  if (depth > DEEPEST_CANVAS) throw tooDeep();
  const { kwargs, immutable } = dict;
  const { subtask_type: type } = dict;
  if (type === null || type === undefined || PLAIN.has(type)) return fromSignatureDict(dict);
  const options = readSignatureOptions(dict.options);
  const list = (key: string): readonly AnyCanvas[] => listOf(dict, kwargs[key], key, depth);
  switch (type) {
    case 'chain':
      return withArgs(
        Object.freeze<AnyChain>({ kind: 'chain', steps: list('tasks'), options, immutable }),
        dict,
      );
    case 'group':
      return withArgs(
        Object.freeze<AnyGroup>({ kind: 'group', members: list('tasks'), options, immutable }),
        dict,
      );
    case 'chord': {
      const header = Array.isArray(kwargs['header']) ? { header: list('header') } : headerOf(dict, depth);
      const body = one(dict, kwargs['body'], 'body', depth);
      const own = withoutHeaderId(options, header);
      return withArgs(
        Object.freeze<AnyChord>({ kind: 'chord', ...header, body, options: own, immutable }),
        dict,
      );
    }
    default:
      throw new InvalidCanvasError(
        dict.task,
        `its subtask_type ${JSON.stringify(type)} is unknown. Known: null, chain, group, chord, chunks, xmap, xstarmap`,
      );
  }
}

/** A sync list as it is, an iterable read to its end, once. @throws InvalidCanvasError for one that is asynchronous */
export function listed(members: Members): readonly AnyCanvas[] {
  if (Array.isArray(members)) return members as readonly AnyCanvas[];
  if (Symbol.iterator in members) {
    const read = READ.get(members) ?? Object.freeze([...members]);
    READ.set(members, read);
    return read;
  }
  throw new InvalidCanvasError(
    'group',
    'its members come from an async iterable: such a group can only be sent by itself or be the header of a chord that is. ' +
      'Collect them into an array first.',
  );
}

/** Generators give their members only once. */
const READ = new WeakMap<object, readonly AnyCanvas[]>();

const NO_OPTIONS = Object.freeze({});
const PLAIN: ReadonlySet<string> = new Set(['chunks', 'xmap', 'xstarmap']);

/** What Celery's `clone(args)` left on a canvas itself: they belong in front of its first tasks' arguments. */
function withArgs(canvas: AnyChain | AnyGroup | AnyChord, dict: SignatureDict): AnyCanvas {
  return dict.args.length === 0 ? canvas : prepended(canvas, dict.args, {});
}

/**
 * The same canvas with arguments in front of those of the tasks that run first: a chain's first step, all members of a
 * group, the header of a chord. Immutable ones take none.
 */
export function prepended(
  canvas: AnyCanvas,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): AnyCanvas {
  if (canvas.immutable) return canvas;
  const each = (part: AnyCanvas): AnyCanvas => prepended(part, args, kwargs);
  switch (canvas.kind) {
    case 'task':
      return Object.freeze({
        ...canvas,
        args: Object.freeze([...args, ...canvas.args]),
        kwargs: Object.freeze({ ...canvas.kwargs, ...kwargs }),
      });
    case 'chain': {
      const [first, ...others] = canvas.steps;
      return first === undefined ? canvas : Object.freeze({ ...canvas, steps: [each(first), ...others] });
    }
    case 'group':
      return Object.freeze({ ...canvas, members: mapMembers(canvas.members, each) });
    case 'chord':
      return Object.freeze({ ...canvas, header: mapMembers(canvas.header, each) });
    default:
      return unreachable(canvas);
  }
}

function composite(
  type: 'chain' | 'group' | 'chord',
  { options, immutable }: AnyChain | AnyGroup | AnyChord,
  kwargs: Readonly<Record<string, unknown>>,
): SignatureDict {
  return Object.freeze({
    task: `celery.${type}`,
    args: [],
    kwargs,
    options: writeSignatureOptions(options),
    subtask_type: type,
    immutable,
  });
}

function listOf(dict: SignatureDict, value: unknown, key: string, depth: number): readonly AnyCanvas[] {
  if (Array.isArray(value)) return Object.freeze(value.map((each) => one(dict, each, key, depth)));
  throw new InvalidCanvasError(dict.task, `its ${key} is no list of signatures`);
}

/** A group as header stands for its members, and gives the header its id. */
function headerOf(dict: SignatureDict, depth: number): Pick<AnyChord, 'header' | 'headerId'> {
  const header = one(dict, dict.kwargs['header'], 'header', depth);
  if (header.kind !== 'group') return { header: [header] };
  const { taskId, ...rest } = header.options;
  const told =
    Object.keys(rest).length === 0 ? header.members : [Object.freeze({ ...header, options: rest })];
  return taskId === undefined ? { header: told } : { header: told, headerId: taskId };
}

/** Celery gives a chord that it has frozen the id of its header, and only a body without an id would take it. */
function withoutHeaderId(options: CallOptions, { headerId }: Pick<AnyChord, 'headerId'>): CallOptions {
  const { taskId, ...rest } = options;
  return taskId === undefined || taskId !== headerId ? options : Object.freeze(rest);
}

function one(dict: SignatureDict, value: unknown, key: string, depth: number): AnyCanvas {
  if (isSignatureDict(value)) return fromCanvasDict(value, depth + 1);
  throw new InvalidCanvasError(dict.task, `its ${key} holds what is no signature`);
}

export function isSignatureDict(value: unknown): value is SignatureDict {
  if (typeof value !== 'object' || value === null) return false;
  const { task, args, kwargs, options } = value as Partial<Record<keyof SignatureDict, unknown>>;
  const objects =
    typeof kwargs === 'object' && kwargs !== null && typeof options === 'object' && options !== null;
  return typeof task === 'string' && task !== '' && Array.isArray(args) && objects;
}

function tooDeep(): InvalidCanvasError {
  return new InvalidCanvasError(
    'canvas',
    `it is nested deeper than ${DEEPEST_CANVAS} levels, or holds itself. Make it flatter.`,
  );
}
