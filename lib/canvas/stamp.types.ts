import type { AnySignature } from './call.options.js';
import type { AnyCanvas, AnyChain, AnyChord, AnyGroup } from './canvas.js';

/** Stamp name → value, both of the caller's choice; the value must fit the serializer. */
export type Stamps = Readonly<Record<string, unknown>>;

export type Stamped = Stamps | undefined | void;

/**
 * Decides the stamps of each part of a canvas: Celery's `StampingVisitor`. Each method gets the part and the stamps that
 * have come down to it, and gives those to add. Stamps of a chain, group or header come down to all that is in it.
 */
export interface StampingVisitor {
  onSignature?(signature: AnySignature, stamps: Stamps): Stamped;
  onChainStart?(chain: AnyChain, stamps: Stamps): Stamped;
  onChainEnd?(chain: AnyChain, stamps: Stamps): void;
  onGroupStart?(group: AnyGroup, stamps: Stamps): Stamped;
  onGroupEnd?(group: AnyGroup, stamps: Stamps): void;
  /** Default: `onGroupStart` with the header as a group. */
  onChordHeaderStart?(chord: AnyChord, stamps: Stamps): Stamped;
  /** Default: `onGroupEnd` with the header as a group. */
  onChordHeaderEnd?(chord: AnyChord, stamps: Stamps): void;
  onChordBody?(chord: AnyChord, stamps: Stamps): Stamped;
  onCallback?(callback: AnyCanvas, stamps: Stamps): Stamped;
  onErrback?(errback: AnyCanvas, stamps: Stamps): Stamped;
}

export interface StampOptions {
  /** Stamps for every part, besides the visitor's. */
  readonly stamps?: Stamps;
  /** True: where a stamp is there already, its values become a list. Default false (Celery's `append_stamps`). */
  readonly appendStamps?: boolean;
}
