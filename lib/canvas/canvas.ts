import type { AnySignature, CallOptions } from './call.options.js';

/**
 * Any canvas as data: one call, or calls put together. Frozen; `kind` tells which. The typed faces of the same objects are
 * `Signature`, `Chain`, `Group` and `Chord`.
 */
export type AnyCanvas = AnySignature | AnyChain | AnyGroup | AnyChord;

/** One after the other, each result in front of the next step's arguments. */
export interface AnyChain {
  readonly kind: 'chain';
  readonly steps: readonly AnyCanvas[];
  /** Its `link` is the last step's, its `linkError` every step's: they come down to them when the chain is sent. */
  readonly options: CallOptions;
  /** True: takes no result from what comes before it. */
  readonly immutable: boolean;
}

/** Side by side. */
export interface AnyGroup {
  readonly kind: 'group';
  /** A list, or what gives the members one by one when the group is sent: then it is sent as it comes, and only once. */
  readonly members: Members;
  /** Its `link` is the first member's and takes no result, its `linkError` every member's: they come down when it is sent. */
  readonly options: CallOptions;
  readonly immutable: boolean;
}

/** Side by side, then one with the list of their results. */
export interface AnyChord {
  readonly kind: 'chord';
  readonly header: Members;
  /** Id of the header's group, where it was given ahead. */
  readonly headerId?: string;
  readonly body: AnyCanvas;
  /** Its `link` and `linkError` are the body's: they come down to it when the chord is sent. */
  readonly options: CallOptions;
  readonly immutable: boolean;
}

export type Members = readonly AnyCanvas[] | Iterable<AnyCanvas> | AsyncIterable<AnyCanvas>;
