import type { ConsumeMessage } from 'amqplib';
import { ChordPartCodec } from '../../../lib/backend/chord-part.codec.js';
import { EXCEPTION_STATES } from '../../../lib/backend/result-backend.js';
import { SavedGroupCodec } from '../../../lib/backend/saved-group.codec.js';
import { TaskMetaCodec } from '../../../lib/backend/task-meta.codec.js';
import { readArrival } from '../../../lib/broker/amqp/amqp.arrival.js';
import { readProperties } from '../../../lib/broker/amqp/amqp.properties.js';
import { decodeEnvelope } from '../../../lib/broker/redis/redis.envelope.js';
import { embedProblem } from '../../../lib/canvas/check-embed.js';
import { eventLine } from '../../../lib/cli/event-line.js';
import { isAddressed } from '../../../lib/control/addressed.js';
import { readReplies } from '../../../lib/control/reply.js';
import { readRequest } from '../../../lib/control/request.js';
import { UndecodableMessageError } from '../../../lib/errors.js';
import { ClusterState } from '../../../lib/events/cluster.state.js';
import { readEvents } from '../../../lib/events/event.codec.js';
import type { Content } from '../../../lib/message/content.js';
import { decodeTaskMessage } from '../../../lib/message/task-message.codec.js';
import type { WireMessage } from '../../../lib/message/wire-message.js';
import { readResultTuple } from '../../../lib/result/result-tuple.js';
import { taskError } from '../../../lib/result/task-error.js';
import { systemClock } from '../../../lib/runtime/clock.js';

// True: something was read. False: it was refused, in the way the reader says it does. Anything else is thrown.

type Reads = (input: Buffer) => boolean;

export function readsEvents(content: Content): Reads {
  const state = new ClusterState(systemClock, { mostTasks: 100, mostWorkers: 100 });
  return (raw) => {
    const { events } = readEvents(decodeEnvelope(raw).message, content);
    for (const event of events) {
      state.apply(event);
      eventLine(event, (id) => state.task(id));
    }
    state.aliveWorkers();
    return events.length > 0;
  };
}

export function readsControl(content: Content): Reads {
  return (raw) => {
    const request = readRequest(decodeEnvelope(raw).message, content);
    if (request === undefined) return false;
    isAddressed('w1@vm', request.addressees);
    return true;
  };
}

export function readsReplies(content: Content): Reads {
  return (raw) => (readReplies(decodeEnvelope(raw).message, content)?.length ?? 0) > 0;
}

/** The same bytes as what is stored of a task, of a part of a chord and of a group. */
export function readsResults(content: Content): Reads {
  const metas = new TaskMetaCodec(content, 'json');
  const parts = new ChordPartCodec(content, 'json');
  const groups = new SavedGroupCodec(content, 'json');
  return (document) => {
    parts.decodePart(document);
    refusable(() => readResultTuple(groups.decode(document)));
    return refusable(() => {
      const meta = metas.decode(document, 'an-id');
      meta.children?.map((child) => readResultTuple(child));
      if (EXCEPTION_STATES.has(meta.status)) taskError(meta);
    });
  };
}

/** Up to what follows the task; nothing is done with it. */
export function readsMessage(message: WireMessage, content: Content): boolean {
  return refusable(() => embedProblem(decodeTaskMessage(message, content).embed));
}

export function readsTasks(content: Content): Reads {
  return (raw) => {
    const { malformed, message } = decodeEnvelope(raw);
    return malformed === undefined && readsMessage(message, content);
  };
}

export function readsEnvelopes(raw: Buffer): boolean {
  return decodeEnvelope(raw).malformed === undefined;
}

/** A message whose properties are these, and whose headers came from RabbitMQ. */
export function readsTables(content: Content): Reads {
  const fields = { deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'celery', consumerTag: '' };
  return (bytes) => {
    let properties: unknown;
    try {
      properties = readProperties(bytes);
    } catch (error) {
      // Cut in the middle: no such frame comes from a broker.
      if (error instanceof RangeError) return false;
      throw error;
    }
    const from = { content: Buffer.from('[[], {}, {}]'), fields, properties } as unknown as ConsumeMessage;
    const { message, malformed } = readArrival(from, 'celery', true);
    refusable(() => decodeTaskMessage(message, content));
    return malformed === undefined;
  };
}

/** A first byte that chooses the content type and the compression, and a body. */
export function readsBodies(content: Content, described: (first: number) => Described): Reads {
  return (input) =>
    refusable(() =>
      decodeTaskMessage(
        {
          ...described(input[0] ?? 0),
          body: input.subarray(1),
          properties: { deliveryMode: 2, priority: 0 },
        },
        content,
      ),
    );
}

export interface Described {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function refusable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof UndecodableMessageError) return false;
    throw error;
  }
}
