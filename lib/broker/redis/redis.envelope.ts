import { UndecodableMessageError } from '../../errors.js';
import { readJson } from '../../message/json.reader.js';
import { writeJson } from '../../message/json.writer.js';
import { describe } from '../../runtime/options.js';
import { readSent, type MessageProperties, type WireMessage } from '../../message/wire-message.js';

/** One list element or channel message, understood as far as a broker must. */
export interface Envelope {
  readonly message: WireMessage;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** Times this library gave the message back. */
  readonly returns: number;
  /** Set when it is no envelope; `message.body` then holds all bytes. */
  readonly malformed: string | undefined;
}

/** Where this library counts its returns, under the name RabbitMQ's quorum queues use for theirs. */
export const RETURNS_HEADER = 'x-delivery-count';

/** What no envelope of Celery comes near; the body is one text here and has limits of its own. */
const ENVELOPE_LIMITS = { maxDepth: 200, maxElements: 1_000_000 };

/** An envelope but for its delivery tag, so that copies for several queues share the work. */
export function encodeEnvelope(
  message: WireMessage,
  exchange: string,
  routingKey: string,
): (deliveryTag: string) => string {
  const { correlationId, replyTo, deliveryMode, expiration, priority, sentMs } = message.properties;
  const properties =
    (correlationId === undefined ? '' : `"correlation_id": ${JSON.stringify(correlationId)}, `) +
    (replyTo === undefined ? '' : `"reply_to": ${JSON.stringify(replyTo)}, `) +
    `"delivery_mode": ${deliveryMode}, ` +
    (expiration === undefined ? '' : `"expiration": ${JSON.stringify(expiration)}, `) +
    (sentMs === undefined ? '' : `"timestamp": ${sentMs / 1000}, `) +
    `"delivery_info": {"exchange": ${JSON.stringify(exchange)}, "routing_key": ${JSON.stringify(routingKey)}}, ` +
    `"priority": ${priority}, "body_encoding": "base64"`;
  const start =
    `{"body": "${message.body.toString('base64')}", ` +
    `"content-encoding": ${JSON.stringify(message.contentEncoding)}, ` +
    `"content-type": ${JSON.stringify(message.contentType)}, ` +
    `"headers": ${writeJson(message.headers)}, ` +
    `"properties": {${properties}, "delivery_tag": "`;
  return (deliveryTag) => `${start}${deliveryTag}"}}`;
}

/** Never throws: whatever is not an envelope comes back as `malformed`, whole. */
export function decodeEnvelope(raw: Buffer): Envelope {
  try {
    return (
      (raw.length > LONG_BYTES ? withBodyApart(raw) : undefined) ??
      envelopeOf(raw, readJson(raw, ENVELOPE_LIMITS))
    );
  } catch (error) {
    return malformed(raw, error instanceof UndecodableMessageError ? error.reason : 'unreadable');
  }
}

/** From here on it pays not to read a body of base64 as a part of its envelope. */
const LONG_BYTES = 4_096;
const BODY_FIRST = /^\{"body": ?"/;
const QUOTE = 0x22;
const STAND_IN = 'apart';

/** Undefined where the envelope does not begin with its body, or has two, or one that is not base64. */
function withBodyApart(raw: Buffer): Envelope | undefined {
  const start = BODY_FIRST.exec(raw.toString('latin1', 0, 10))?.[0].length;
  if (start === undefined) return undefined;
  const end = raw.indexOf(QUOTE, start);
  if (end === -1) return undefined;
  const rest = Buffer.concat([raw.subarray(0, start), Buffer.from(STAND_IN), raw.subarray(end)]);
  try {
    const parsed = recordOf(readJson(rest, ENVELOPE_LIMITS));
    if (parsed?.['body'] !== STAND_IN || recordOf(parsed['properties'])?.['body_encoding'] !== 'base64')
      return undefined;
    const envelope = envelopeOf(raw, { ...parsed, body: raw.toString('latin1', start, end) });
    return envelope.malformed === undefined ? envelope : undefined;
  } catch {
    return undefined;
  }
}

function envelopeOf(raw: Buffer, parsed: unknown): Envelope {
  if (!isRecord(parsed)) return malformed(raw, 'not a JSON object');
  const { headers, properties, body } = parsed;
  if (!isRecord(headers)) return malformed(raw, `headers are ${kindOf(headers)}, not an object`);
  if (!isRecord(properties)) return malformed(raw, `properties are ${kindOf(properties)}, not an object`);
  if (typeof body !== 'string') return malformed(raw, `the body is ${kindOf(body)}, not a text`);
  const bytes = decodeBody(body, properties['body_encoding']);
  if (typeof bytes === 'string') return malformed(raw, bytes);

  const info = isRecord(properties['delivery_info']) ? properties['delivery_info'] : {};
  const returns = headers[RETURNS_HEADER];
  // Ours and gone with the delivery: a message sent on starts a count of its own.
  if (returns !== undefined) delete headers[RETURNS_HEADER];
  return {
    message: {
      body: bytes,
      contentType: textOr(parsed['content-type'], ''),
      contentEncoding: textOr(parsed['content-encoding'], ''),
      headers,
      properties: decodeProperties(properties),
    },
    exchange: textOr(info['exchange'], ''),
    routingKey: textOr(info['routing_key'], ''),
    redelivered: info['redelivered'] === true || headers['redelivered'] === true,
    returns: Number.isSafeInteger(returns) ? Math.max(0, Number(returns)) : 0,
    malformed: undefined,
  };
}

function decodeBody(body: string, encoding: unknown): Buffer | string {
  if (encoding === undefined || encoding === null || encoding === 'utf-8') return Buffer.from(body);
  if (encoding !== 'base64') return `body_encoding ${describe(encoding)} is unknown`;
  const bytes = Buffer.from(body, 'base64');
  // Node skips what is not base64, so a wrong text shows in the length.
  const padding = body.endsWith('==') ? 2 : body.endsWith('=') ? 1 : 0;
  if (body.length % 4 !== 0 || bytes.length !== (body.length / 4) * 3 - padding)
    return 'the body is not base64';
  return bytes;
}

function decodeProperties(given: Readonly<Record<string, unknown>>): MessageProperties {
  const { correlation_id: correlationId, reply_to: replyTo, expiration, priority } = given;
  const sentMs = readSent(given['timestamp']);
  const properties: Writable<MessageProperties> = {
    deliveryMode: given['delivery_mode'] === 1 ? 1 : 2,
    priority: Number.isSafeInteger(priority) ? Number(priority) : 0,
  };
  if (typeof correlationId === 'string') properties.correlationId = correlationId;
  if (typeof replyTo === 'string') properties.replyTo = replyTo;
  if (typeof expiration === 'string' || typeof expiration === 'number')
    properties.expiration = String(expiration);
  if (sentMs !== undefined) properties.sentMs = sentMs;
  return properties;
}

function malformed(raw: Buffer, reason: string): Envelope {
  const properties: MessageProperties = { deliveryMode: 2, priority: 0 };
  return {
    message: { body: raw, contentType: '', contentEncoding: 'binary', headers: {}, properties },
    exchange: '',
    routingKey: '',
    redelivered: false,
    returns: 0,
    malformed: reason,
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
