import { EncodeError, UndecodableMessageError } from '../errors.js';
import { customHeadersOf, isBrokersNote } from './call-fields.js';
import { formatCeleryDate } from './celery-date.js';
import type { Content, EncodedBody } from './content.js';
import { readHybrid, readProtocol1 } from './protocol-1.js';
import { readProtocol2 } from './protocol-2.js';
import type { SignatureDict } from './signature.js';
import type { TaskMessage } from './task-message.js';
import { optionalText } from './wire-fields.js';
import type { MessageProperties, WireMessage } from './wire-message.js';

/**
 * A task message in Celery's protocol 2, with every header of Celery 5.6 in its order.
 * @throws EncodeError naming the argument that cannot be written
 */
export function encodeTaskMessage(message: TaskMessage, content: Content): WireMessage {
  const { body, contentType, contentEncoding, compression } = encodeBody(message, content);
  const headers = headersOf(message);
  if (compression !== undefined) headers['compression'] = compression;
  return Object.freeze({
    body,
    contentType,
    contentEncoding,
    headers: Object.freeze(headers),
    properties: Object.freeze({
      correlationId: message.correlationId,
      ...(message.replyTo === undefined ? {} : { replyTo: message.replyTo }),
      deliveryMode: 2,
      priority: message.priority,
    }),
  });
}

/**
 * The one place where bytes become a TaskMessage; past it nobody checks again. Reads protocol 2, protocol 1 and the
 * hybrid of both.
 * @throws UndecodableMessageError for everything else, with the reason
 */
export function decodeTaskMessage(wire: WireMessage, content: Content): TaskMessage {
  try {
    return read(wire, content);
  } catch (error) {
    if (error instanceof UndecodableMessageError) throw error;
    throw new UndecodableMessageError('unexpected content', error);
  }
}

/**
 * The same message again, its body bytes and the caller's headers untouched, without what a broker noted about its last
 * delivery. Sent on, `x-death` would make RabbitMQ see a dead-letter cycle and drop the message.
 */
export function reencodeTaskMessage(
  wire: WireMessage,
  changedHeaders: Readonly<Record<string, unknown>>,
  changedProperties: Partial<MessageProperties> = {},
): WireMessage {
  const kept = Object.entries(wire.headers).filter(([name]) => !isBrokersNote(name));
  return Object.freeze({
    ...wire,
    headers: Object.freeze({ ...Object.fromEntries(kept), ...changedHeaders }),
    properties: Object.freeze({ ...wire.properties, ...changedProperties }),
  });
}

function encodeBody(message: TaskMessage, content: Content): EncodedBody {
  const { args, kwargs, embed, serializer, compression } = message;
  const follows = {
    callbacks: orNull(embed.callbacks),
    errbacks: orNull(embed.errbacks),
    chain: orNull(embed.chain),
    chord: embed.chord ?? null,
  };
  try {
    return content.encode([args, kwargs, follows], serializer, compression);
  } catch (error) {
    if (error instanceof EncodeError) throw new EncodeError(named(error.what), error.reason, error.cause);
    throw error;
  }
}

/** `$[0][1]` is an element of the body; to the caller it is `args[1]`. */
function named(path: string): string {
  const place = /^\$\[([012])\]/.exec(path);
  return place === null ? path : `${['args', 'kwargs', 'embed'][Number(place[1])]}${path.slice(4)}`;
}

/** An absent list is null in Celery. */
function orNull(list: readonly SignatureDict[]): readonly SignatureDict[] | null {
  return list.length === 0 ? null : list;
}

/** The caller's headers come after Celery's own and never replace one. */
function headersOf(message: TaskMessage): Record<string, unknown> {
  const headers = celeryHeaders(message);
  // Left to the task, which a `false` would overrule.
  if (message.ignoreResult === undefined) delete headers['ignore_result'];
  return Object.keys(message.customHeaders).length === 0
    ? headers
    : Object.assign(headers, customHeadersOf(message.customHeaders));
}

function celeryHeaders(message: TaskMessage): Record<string, unknown> {
  const { timeLimit, stampedHeaders } = message;
  return {
    lang: 'js',
    task: message.task,
    id: message.id,
    shadow: message.shadow ?? null,
    eta: dateOrNull(message.etaMs, 'eta'),
    expires: message.expires ?? dateOrNull(message.expiresMs, 'expires'),
    group: message.groupId ?? null,
    group_index: message.groupIndex ?? null,
    retries: message.retries,
    timelimit: [timeLimit.hard ?? null, timeLimit.soft ?? null],
    root_id: message.rootId,
    parent_id: message.parentId ?? null,
    argsrepr: message.argsrepr,
    kwargsrepr: message.kwargsrepr,
    origin: message.origin ?? null,
    ignore_result: message.ignoreResult,
    replaced_task_nesting: message.replacedTaskNesting,
    stamped_headers: stampedHeaders.length === 0 ? null : stampedHeaders,
    stamps: message.stamps,
  };
}

function dateOrNull(epochMs: number | undefined, what: string): string | null {
  if (epochMs === undefined) return null;
  try {
    return formatCeleryDate(epochMs);
  } catch (cause) {
    throw new EncodeError(what, `${epochMs} ms since 1970 is no date of the years 1 to 9999`, cause);
  }
}

function read(wire: WireMessage, content: Content): TaskMessage {
  const { headers, contentType, contentEncoding } = wire;
  const compression = optionalText(headers, 'compression') || undefined;
  const body = content.decode(wire.body, { contentType, contentEncoding, compression });
  const form = {
    serializer: content.serializerOf(contentType) ?? 'json',
    compression: compression === undefined ? undefined : content.compressionOf(compression),
  };
  if (headers['task'] === undefined) return readProtocol1(wire, body, form);
  return Array.isArray(body) ? readProtocol2(wire, body, form) : readHybrid(wire, body, form);
}
