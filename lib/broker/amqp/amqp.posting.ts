import type { WireMessage } from '../../message/wire-message.js';
import type { PublishTarget } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';

/** What the delay queues are to do with a message. Its way through them is chosen when it is written: it may have waited. */
export interface Deferral {
  /** The queue it is to come to, one that stands or is to be declared. */
  readonly queue: string | QueueDeclaration;
  /** Epoch, ms. */
  readonly dueMs: number;
}

/** One publish, from the call until it has settled. */
export interface Posting {
  /** Of a deferred message: as of its last write. */
  target: PublishTarget;
  readonly message: WireMessage;
  /** Undefined for an ordinary publish. */
  readonly deferral: Deferral | undefined;
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
