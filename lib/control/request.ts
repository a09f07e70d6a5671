import type { Content } from '../message/content.js';
import type { WireMessage } from '../message/wire-message.js';
import { REPLY_EXCHANGE } from './pidbox.js';
import { isRecord, type Fields } from './record.js';

/** What workers are told or asked. */
export interface ControlRequest {
  /** Celery's name of the command: `revoke`. */
  readonly method: string;
  readonly arguments: Fields;
  readonly addressees: Addressees;
  /** Undefined: no reply is wanted. */
  readonly reply: ReplyWish | undefined;
}

/** Who is meant. */
export type Addressees =
  | { readonly kind: 'all' }
  /** Node names. */
  | { readonly kind: 'named'; readonly hostnames: readonly string[] }
  /** Node names that match: a shell pattern, or a regular expression from the name's start. */
  | { readonly kind: 'matching'; readonly pattern: string; readonly matcher: 'glob' | 'pcre' };

export const ALL: Addressees = Object.freeze({ kind: 'all' });

export interface ReplyWish {
  /** Tells this request's replies from others. */
  readonly ticket: string;
  /** Key of the queue for replies. */
  readonly key: string;
}

/**
 * @param clock Lamport clock of the sender's mailbox
 * @param expiresMs epoch ms after which nobody waits any more; undefined: never
 * @throws EncodeError
 */
export function requestMessage(
  { method, arguments: given, addressees, reply }: ControlRequest,
  content: Content,
  { clock, expiresMs }: { readonly clock: number; readonly expiresMs?: number | undefined },
): WireMessage {
  const matching = addressees.kind === 'matching' ? addressees : undefined;
  const body = {
    method,
    arguments: given,
    destination: addressees.kind === 'named' ? addressees.hostnames : null,
    pattern: matching?.pattern ?? null,
    matcher: matching?.matcher ?? null,
    ...(reply === undefined
      ? {}
      : { ticket: reply.ticket, reply_to: { exchange: REPLY_EXCHANGE.name, routing_key: reply.key } }),
  };
  const { body: bytes, contentType, contentEncoding } = content.encode(body, 'json');
  const headers = { clock, expires: expiresMs === undefined ? 0 : expiresMs / 1000 };
  return { body: bytes, contentType, contentEncoding, headers, properties: { deliveryMode: 2, priority: 0 } };
}

/**
 * Undefined for what is no request, and for one whose replies would go anywhere but to where replies go: nobody may have a
 * worker write into a queue of his choice.
 */
export function readRequest(wire: WireMessage, content: Content): ControlRequest | undefined {
  const { contentType, contentEncoding } = wire;
  let body: unknown;
  try {
    body = content.decode(wire.body, { contentType, contentEncoding, compression: undefined });
  } catch {
    return undefined;
  }
  if (!isRecord(body) || typeof body['method'] !== 'string') return undefined;
  const { method, arguments: given } = body;
  const addressees = readAddressees(body);
  if (addressees === undefined || !(given === undefined || given === null || isRecord(given)))
    return undefined;
  const { reply_to: replyTo, ticket } = body;
  if (replyTo === undefined || replyTo === null)
    return { method, arguments: given ?? {}, addressees, reply: undefined };
  if (!isRecord(replyTo) || replyTo['exchange'] !== REPLY_EXCHANGE.name) return undefined;
  const { routing_key: key } = replyTo;
  if (typeof key !== 'string' || typeof ticket !== 'string') return undefined;
  return { method, arguments: given ?? {}, addressees, reply: { ticket, key } };
}

/** As kombu: a pattern counts where nobody is named. */
function readAddressees({ destination, pattern, matcher }: Fields): Addressees | undefined {
  if (Array.isArray(destination) && destination.length > 0) {
    return { kind: 'named', hostnames: destination.filter((each) => typeof each === 'string') };
  }
  if (typeof pattern !== 'string' || typeof matcher !== 'string' || pattern === '' || matcher === '')
    return ALL;
  return matcher === 'glob' || matcher === 'pcre' ? { kind: 'matching', pattern, matcher } : undefined;
}
