import type { WireMessage } from '../../message/wire-message.js';
import type { PublishTarget } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';

/** One publish, from the call until it has settled. */
export interface Posting {
  readonly target: PublishTarget;
  readonly message: WireMessage;
  /** The queue that a deferred message is to come to, one that stands or is to be declared; undefined for an ordinary publish. */
  readonly deferredFor: string | QueueDeclaration | undefined;
  /** Monotonic, ms. */
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Times written to a channel: an answer to an earlier time is none. */
  writes: number;
  /** It came back once because its queue had gone, and was declared again. */
  redeclared: boolean;
  settled: boolean;
}

/** Where it was sent, for errors. */
export function shownTarget({ exchange, routingKey }: PublishTarget): string {
  if (exchange === '') return `queue ${JSON.stringify(routingKey)}`;
  return `exchange ${JSON.stringify(exchange)} with routing key ${JSON.stringify(routingKey)}`;
}
