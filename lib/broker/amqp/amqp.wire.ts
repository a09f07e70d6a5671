import type { Message, Options } from 'amqplib';
import { readSent, type MessageProperties, type WireMessage } from '../../message/wire-message.js';
import { UNREADABLE } from './amqp.properties.js';
import { fromTable, toTable } from './amqp.table.js';

/** amqplib's options of one publish: everything but the body. @throws EncodeError */
export function toPublishOptions(message: WireMessage, mandatory: boolean): Options.Publish {
  const { correlationId, replyTo, deliveryMode, priority, expiration, sentMs } = message.properties;
  const options: Options.Publish = {
    mandatory,
    headers: toTable(message.headers),
    deliveryMode,
    priority,
  };
  if (message.contentType !== '') options.contentType = message.contentType;
  if (message.contentEncoding !== '') options.contentEncoding = message.contentEncoding;
  if (correlationId !== undefined) options.correlationId = correlationId;
  if (replyTo !== undefined) options.replyTo = replyTo;
  if (expiration !== undefined) options.expiration = expiration;
  if (sentMs !== undefined) options.timestamp = Math.floor(sentMs / 1000);
  return options;
}

/** What amqplib read, with every field checked; headers that cannot be read are left out, and the reason is told. */
export function fromMessage({ content, properties }: Message): {
  readonly message: WireMessage & { readonly headers: Record<string, unknown> };
  readonly malformed: string | undefined;
} {
  let headers: Record<string, unknown> = {};
  let malformed = text(Reflect.get(properties, UNREADABLE));
  try {
    if (properties.headers !== undefined) headers = fromTable(properties.headers);
  } catch (error) {
    malformed = `headers cannot be read: ${String(error)}`;
  }
  return {
    message: {
      body: content,
      contentType: text(properties.contentType) ?? '',
      contentEncoding: text(properties.contentEncoding) ?? '',
      headers,
      properties: propertiesOf(properties),
    },
    malformed,
  };
}

function propertiesOf(from: Message['properties']): MessageProperties {
  const found: { -readonly [K in keyof MessageProperties]: MessageProperties[K] } = {
    deliveryMode: from.deliveryMode === 2 ? 2 : 1,
    priority: typeof from.priority === 'number' ? from.priority : 0,
  };
  const correlationId = text(from.correlationId);
  const replyTo = text(from.replyTo);
  const expiration = text(from.expiration);
  if (correlationId !== undefined) found.correlationId = correlationId;
  if (replyTo !== undefined) found.replyTo = replyTo;
  if (expiration !== undefined) found.expiration = expiration;
  const sentMs = readSent(from.timestamp);
  if (sentMs !== undefined) found.sentMs = sentMs;
  return found;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
