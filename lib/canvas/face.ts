import { isDeepStrictEqual } from 'node:util';
import { InvalidCanvasError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import type { AnySignature, ApplyAsyncOptions, CallOptions } from './call.options.js';
import { prepended, toCanvasDict } from './canvas-dict.js';
import type { AnyCanvas, AnyChain, AnyChord } from './canvas.js';
import type { CanvasMethods } from './canvas.types.js';
import { checkedCanvas } from './check-canvas.js';
import { mergeOptions } from './merge-options.js';
import { readApplyOptions } from './read-call-options.js';
import { pipedShape } from './shapes.js';
import { makeSignature, type SignatureParts } from './signature.js';
import { stamped } from './stamp.js';
import type { StampingVisitor, StampOptions, Stamps } from './stamp.types.js';

/**
 * A canvas as data → the same with the methods users call. They stand on the prototype: to everything that reads, compares
 * or copies it, the canvas is its data.
 */
export function face<C extends AnyCanvas>(canvas: C): C & CanvasMethods {
  const methods = Object.create(Canvas.prototype) as CanvasMethods;
  return Object.freeze(Object.assign(methods, canvas));
}

/** A call as users hold it. Its types are what the place it is made in promises. */
export function typedSignature<Imm extends boolean>(
  task: string,
  parts: SignatureParts & { readonly immutable: Imm },
): AnySignature & CanvasMethods & { readonly immutable: Imm } {
  return face({ ...makeSignature(task, parts), immutable: parts.immutable });
}

/** What an unknown caller may hand to `clone`. */
interface Changes {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: ApplyAsyncOptions;
}

/** Named for those who print a canvas. */
class Canvas {
  set(this: AnyCanvas, options: ApplyAsyncOptions): AnyCanvas {
    return face(withOptionsSet(this, readApplyOptions(options)));
  }

  clone(this: AnyCanvas, { args = [], kwargs = {}, options }: Changes = {}): AnyCanvas {
    const told = changed(this, mergeOptions(this.options, readApplyOptions(options)));
    return face(args.length === 0 && Object.keys(kwargs).length === 0 ? told : prepended(told, args, kwargs));
  }

  link(this: AnyCanvas, ...callbacks: readonly unknown[]): AnyCanvas {
    const link = added(this.options.link, dicts(callbacks, 'callback'));
    return face(changed(this, Object.freeze({ ...this.options, link })));
  }

  linkError(this: AnyCanvas, ...errbacks: readonly unknown[]): AnyCanvas {
    const linkError = added(this.options.linkError, dicts(errbacks, 'errback'));
    return face(changed(this, Object.freeze({ ...this.options, linkError })));
  }

  stamp(this: AnyCanvas, stamps: Stamps | StampingVisitor, options?: StampOptions): AnyCanvas {
    return face(stamped(this, stamps, options));
  }

  pipe(this: AnyCanvas, next: unknown): AnyChain | AnyChord {
    return face(pipedShape(this, next));
  }

  toJSON(this: AnyCanvas): SignatureDict {
    return toCanvasDict(this);
  }
}

/** Unlike options given when it is sent, these may change a group id and stamps that are there. */
function withOptionsSet(canvas: AnyCanvas, given: CallOptions): AnyCanvas {
  const { groupId, stamps } = given;
  const options = {
    ...mergeOptions(canvas.options, given),
    ...(groupId === undefined ? {} : { groupId }),
    ...(stamps === undefined ? {} : { stamps: Object.freeze({ ...canvas.options.stamps, ...stamps }) }),
  };
  return changed(canvas, Object.freeze(options));
}

function changed(canvas: AnyCanvas, options: CallOptions): AnyCanvas {
  return { ...canvas, options };
}

function dicts(callbacks: readonly unknown[], name: string): readonly SignatureDict[] {
  return callbacks.map((callback, index) => toCanvasDict(checkedCanvas(callback, `${name} ${index}`)));
}

/** Celery compares callbacks by their values: one that is there is not added again. */
function added(
  before: readonly SignatureDict[] = [],
  callbacks: readonly SignatureDict[],
): readonly SignatureDict[] {
  const all = [...before];
  for (const callback of callbacks) {
    if (!all.some((each) => isDeepStrictEqual(each, callback))) all.push(callback);
  }
  if (all.length > MOST_LINKS) {
    throw new InvalidCanvasError(
      'callbacks',
      `at most ${MOST_LINKS} travel in one message, got ${all.length}.`,
    );
  }
  return Object.freeze(all);
}

/** Celery would hold them all in one message header. */
const MOST_LINKS = 1_000;
