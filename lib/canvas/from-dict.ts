import { InvalidCanvasError } from '../errors.js';
import { describe } from '../runtime/options.js';
import type { ApplyAsyncOptions } from './call.options.js';
import type { Canvas, Signature } from './canvas.types.js';
import { fromCanvasDict, isSignatureDict } from './canvas-dict.js';
import { face, typedSignature } from './face.js';
import { readApplyOptions } from './read-call-options.js';

/** What a signature by name is made of: calling options with the arguments among them. */
export interface SignatureOptions extends ApplyAsyncOptions {
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
}

/**
 * A call of a task known by its name alone: of another service, of Python. It fits anywhere, for nothing is known of it.
 * @example chain(signature('py.load', { args: ['orders.csv'], queue: 'py' }), report.total.s())
 * @throws InvalidOptionError for an unknown option or a bad value
 */
export function signature<R = unknown>(
  name: string,
  options?: SignatureOptions,
): Signature<readonly unknown[], R, false>;
/**
 * Celery's dictionary of a signature, chain, group or chord as a canvas again, whoever wrote it; the other way is
 * `JSON.stringify` or being an argument of a task.
 * @throws InvalidCanvasError for what is no such dictionary
 */
export function signature(dict: object): Canvas<readonly unknown[], unknown>;
export function signature(
  from: string | object,
  { args = [], kwargs = {}, ...options }: SignatureOptions = {},
): Canvas<readonly unknown[]> {
  if (typeof from === 'string') {
    if (from === '') throw new InvalidCanvasError('signature', 'the name of its task is empty.');
    return typedSignature(from, { args, kwargs, options: readApplyOptions(options), immutable: false });
  }
  if (isSignatureDict(from)) return face(fromCanvasDict(from));
  throw new InvalidCanvasError(
    'signature',
    `expected the name of a task or Celery's dictionary of a signature, got ${describe(from)}`,
  );
}
