import { InvalidOptionError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import { nearest } from '../runtime/nearest.js';
import { describe } from '../runtime/options.js';
import { unreachable } from '../runtime/unreachable.js';
import type { AnySignature, CallOptions } from './call.options.js';
import type { AnyCanvas, AnyChain, AnyChord, AnyGroup, Members } from './canvas.js';
import { fromCanvasDict, toCanvasDict } from './canvas-dict.js';
import type { CanvasMethods } from './canvas.types.js';
import { mapMembers } from './members.js';
import type { Stamped, StampingVisitor, StampOptions, Stamps } from './stamp.types.js';

/**
 * The same canvas with stamps on its tasks and on their callbacks: they travel to the workers in the `stamps` header, into
 * events and into whatever follows. Stamps that depend on the task come from a visitor.
 *
 * Where a name is stamped twice the outer part wins, and both win over what the task had; lists are joined, and with
 * `appendStamps` all values become lists. As in Celery, plain stamps reach the header of a chord and not its body; a
 * visitor reaches both.
 *
 * @example
 * stamp(chain(math.add.s(1, 2), math.add.s(3)), { tenant: 'acme' });
 * stamp(group(web.fetch.s('a'), web.fetch.s('b')), { onSignature: ({ task }) => ({ from: task }) });
 * @throws InvalidOptionError for what is neither stamps nor a visitor
 */
export function stamp<C extends CanvasMethods>(
  canvas: C,
  stamps: Stamps | StampingVisitor,
  options?: StampOptions,
): C {
  return canvas.stamp(stamps, options);
}

/**
 * The canvas with stamps on its tasks and their callbacks, as data: see `stamp`.
 * @throws InvalidOptionError for what is neither stamps nor a visitor
 */
export function stamped(
  canvas: AnyCanvas,
  given: Stamps | StampingVisitor,
  { stamps = {}, appendStamps = false }: StampOptions = {},
): AnyCanvas {
  if (isVisitor(given)) return new Stamping(given, appendStamps).of(canvas, stamps);
  return new Stamping(undefined, appendStamps).of(canvas, { ...stamps, ...given });
}

class Stamping {
  constructor(
    private readonly visitor: StampingVisitor | undefined,
    private readonly append: boolean,
  ) {}

  of(canvas: AnyCanvas, stamps: Stamps): AnyCanvas {
    switch (canvas.kind) {
      case 'task':
        return this.#signature(canvas, stamps);
      case 'chain':
        return this.#chain(canvas, stamps);
      case 'group':
        return this.#group(canvas, stamps);
      case 'chord':
        return this.#chord(canvas, stamps);
      default:
        return unreachable(canvas);
    }
  }

  #signature(signature: AnySignature, outer: Stamps): AnySignature {
    const links = this.#links(signature.options, outer);
    const stamps = this.#with(outer, this.visitor?.onSignature?.(signature, outer), signature.options);
    const told = Object.keys(stamps).length === 0 ? {} : { stamps };
    return Object.freeze({
      ...signature,
      options: Object.freeze({ ...signature.options, ...links, ...told }),
    });
  }

  #chain(chain: AnyChain, outer: Stamps): AnyChain {
    const stamps = this.#with(outer, this.visitor?.onChainStart?.(chain, outer), chain.options);
    const options = this.#optionsWithLinks(chain.options, stamps);
    const steps = Object.freeze(chain.steps.map((step) => this.of(step, stamps)));
    this.visitor?.onChainEnd?.(chain, stamps);
    return Object.freeze({ ...chain, steps, options });
  }

  #group(group: AnyGroup, outer: Stamps): AnyGroup {
    const stamps = this.#with(outer, this.visitor?.onGroupStart?.(group, outer), group.options);
    const options = this.#optionsWithLinks(group.options, stamps);
    const members = this.#members(group.members, stamps);
    this.visitor?.onGroupEnd?.(group, stamps);
    return Object.freeze({ ...group, members, options });
  }

  #chord(chord: AnyChord, outer: Stamps): AnyChord {
    const { visitor } = this;
    const started = visitor?.onChordHeaderStart
      ? visitor.onChordHeaderStart(chord, outer)
      : visitor?.onGroupStart?.(headerGroup(chord), outer);
    const stamps = this.#with(outer, started, chord.options);
    const options = this.#optionsWithLinks(chord.options, stamps);
    const header = this.#members(chord.header, stamps);
    if (visitor?.onChordHeaderEnd) visitor.onChordHeaderEnd(chord, stamps);
    else visitor?.onGroupEnd?.(headerGroup(chord), stamps);
    if (visitor === undefined) return Object.freeze({ ...chord, header, options });
    const body = this.of(chord.body, this.#merged(stamps, visitor.onChordBody?.(chord, stamps) ?? {}));
    return Object.freeze({ ...chord, header, body, options });
  }

  #members(members: Members, stamps: Stamps): Members {
    return mapMembers(members, (member) => this.of(member, stamps));
  }

  #optionsWithLinks(options: CallOptions, stamps: Stamps): CallOptions {
    const links = this.#links(options, stamps);
    return Object.keys(links).length === 0 ? options : Object.freeze({ ...options, ...links });
  }

  #links({ link, linkError }: CallOptions, stamps: Stamps): Pick<CallOptions, 'link' | 'linkError'> {
    const { visitor } = this;
    const each = (dict: SignatureDict, said: (canvas: AnyCanvas) => Stamped): SignatureDict => {
      const canvas = fromCanvasDict(dict);
      return toCanvasDict(this.of(canvas, this.#merged(stamps, said(canvas) ?? {})));
    };
    const stampedLink = link?.map((dict) => each(dict, (canvas) => visitor?.onCallback?.(canvas, stamps)));
    const stampedError = linkError?.map((dict) =>
      each(dict, (canvas) => visitor?.onErrback?.(canvas, stamps)),
    );
    return {
      ...(stampedLink === undefined ? {} : { link: Object.freeze(stampedLink) }),
      ...(stampedError === undefined ? {} : { linkError: Object.freeze(stampedError) }),
    };
  }

  #with(outer: Stamps, said: Stamped, { stamps: own = {} }: CallOptions): Stamps {
    return this.#merged(this.#merged(outer, said ?? {}), own);
  }

  /** Celery's rule: the first wins, lists are joined, objects go into each other. */
  #merged(first: Stamps, second: Stamps): Stamps {
    return mergedRecords(first, second, this.append);
  }
}

function mergedRecords(first: Stamps, second: Stamps, append: boolean): Stamps {
  const both: Record<string, unknown> = { ...first, ...second, ...first };
  for (const name of Object.keys(first)) {
    if (Object.hasOwn(second, name)) both[name] = mergedValues(first[name], second[name], append);
  }
  return Object.freeze(both);
}

function mergedValues(first: unknown, second: unknown, append: boolean): unknown {
  if (isRecord(first)) return isRecord(second) ? mergedRecords(first, second, true) : first;
  if (Array.isArray(first) && Array.isArray(second)) return [...asList(first), ...asList(second)];
  return append ? [...asList(first), ...asList(second)] : first;
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}

function headerGroup({ header, headerId, immutable }: AnyChord): AnyGroup {
  const options = headerId === undefined ? {} : { taskId: headerId };
  return Object.freeze({ kind: 'group', members: header, options, immutable });
}

const VISITS: ReadonlySet<string> = new Set<keyof StampingVisitor>([
  'onSignature',
  'onChainStart',
  'onChainEnd',
  'onGroupStart',
  'onGroupEnd',
  'onChordHeaderStart',
  'onChordHeaderEnd',
  'onChordBody',
  'onCallback',
  'onErrback',
]);

function isVisitor(given: unknown): given is StampingVisitor {
  if (!isRecord(given)) {
    throw new InvalidOptionError(
      'stamps',
      `expected an object of stamps, or a visitor with onSignature() and the like, got ${describe(given)}`,
    );
  }
  if ([...VISITS].some((key) => typeof given[key] === 'function')) return true;
  const method = Object.keys(given).find((key) => typeof given[key] === 'function');
  if (method === undefined) return false;
  const meant = nearest(method, VISITS);
  throw new InvalidOptionError(
    `stamps.${method}`,
    `a visitor has no such method.${meant === undefined ? ` Known: ${[...VISITS].join(', ')}` : ` Did you mean ${meant}?`}`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
