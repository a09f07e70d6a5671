import type { Cargo, MessageCargo } from './cargo.js';
import type { OutcomeCargo } from './outcome.cargo.js';
import type { Thrown } from './thrown.js';

// What a pool and its children tell each other: plain data, so that it passes a pipe between processes (v8's serializer)
// and a port between threads (structured clone) alike. Both ends are of one version of this library: nothing is negotiated.

/** What the parent tells a child. A child runs one handler at a time. */
export type ToChild =
  | RunOrder
  /** The handler's signal, for one of its messages. `item`: its place among them. */
  | { readonly kind: 'abort'; readonly run: number; readonly item: number; readonly reason: Thrown }
  | { readonly kind: 'answer'; readonly call: number; readonly value: Cargo }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: Thrown }
  /** A state that the child watches was stored, or cannot be read. */
  | { readonly kind: 'seen'; readonly watch: number; readonly meta: Cargo }
  | { readonly kind: 'unreadable'; readonly watch: number; readonly error: Thrown }
  /** Run no more; close what is open and leave. */
  | { readonly kind: 'stop' };

export interface RunOrder {
  readonly kind: 'run';
  /** Counted within the pool. */
  readonly run: number;
  /** One, or those of a batch. */
  readonly items: readonly RunItem[];
}

/** One message of a run. */
export interface RunItem {
  /** The message as it came: the child reads it by itself, so that its arguments are of the same types there. */
  readonly message: MessageCargo;
  /** The task message itself, of a call inside the worker that never was a message. */
  readonly inside: Cargo | undefined;
  readonly from: {
    readonly queue: string;
    readonly exchange: string;
    readonly routingKey: string;
    readonly redelivered: boolean;
  };
  readonly ackedEarly: boolean;
}

/** What became of one message of a run. */
export interface ItemEnd {
  readonly outcome: OutcomeCargo;
  /** What its run sent, as Celery's result tuples. */
  readonly children: readonly unknown[];
}

/** What a child tells its parent. */
export type FromChild =
  /** Its application stands and its hooks have run. */
  | { readonly kind: 'ready' }
  /** It could not get ready, and leaves. */
  | { readonly kind: 'unfit'; readonly error: Thrown }
  | {
      readonly kind: 'ended';
      readonly run: number;
      /** Of each item, in their order. */
      readonly ends: readonly ItemEnd[];
      /** Memory of the child after the run, bytes: of the process, or of the thread's heap. */
      readonly memoryBytes: number;
      /** Its handler has not come to its end, and nobody can end it but with the child. */
      readonly runsOn: boolean;
    }
  | { readonly kind: 'call'; readonly call: number; readonly ask: Ask }
  | { readonly kind: 'watch'; readonly watch: number; readonly taskId: string }
  | { readonly kind: 'unwatch'; readonly watch: number }
  /** The last it says. */
  | { readonly kind: 'bye' };

/**
 * What a child has its parent do. Children hold no connection of their own: one that computes for a minute could not keep
 * its heartbeats, and a hundred children would be a hundred connections.
 */
export type Ask =
  | {
      readonly what: 'publish';
      readonly target: Cargo;
      readonly message: MessageCargo;
      readonly options: Cargo;
    }
  /** A method of the result backend, or of its store of chords. */
  | { readonly what: 'backend' | 'chords'; readonly method: string; readonly args: readonly Cargo[] };
