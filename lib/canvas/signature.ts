import type { AnySignature, CallOptions } from './call.options.js';
import { mergeOptions } from './merge-options.js';

/** What a signature is made of besides its task. */
export interface SignatureParts {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: CallOptions;
  readonly immutable: boolean;
}

/** A call as data, without the methods of those that users hold. */
export function makeSignature(
  task: string,
  { args = [], kwargs = {}, options = NO_OPTIONS, immutable }: SignatureParts,
): AnySignature {
  return Object.freeze({
    kind: 'task',
    task,
    args: Object.freeze([...args]),
    kwargs: Object.freeze({ ...kwargs }),
    options,
    immutable,
  });
}

const NO_OPTIONS: CallOptions = Object.freeze({});

/** The same call with more said about how. */
export function withOptions(signature: AnySignature, options: CallOptions): AnySignature {
  return Object.freeze({ ...signature, options: mergeOptions(signature.options, options) });
}

/**
 * The same call with what its caller adds: arguments go in front, keyword arguments and options win. An immutable one
 * takes the options only.
 */
export function applied(
  signature: AnySignature,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: CallOptions,
): AnySignature {
  if (signature.immutable) return withOptions(signature, options);
  return Object.freeze({
    ...signature,
    args: Object.freeze([...args, ...signature.args]),
    kwargs: Object.freeze({ ...signature.kwargs, ...kwargs }),
    options: mergeOptions(signature.options, options),
  });
}
