import type { Content } from '../message/content.js';
import type { WireMessage } from '../message/wire-message.js';
import { isRecord } from './record.js';

/** What one worker answered. Either `value` or `error`. */
export interface NodeReply<R = unknown> {
  /** Node name. */
  readonly hostname: string;
  /** What the command gives; undefined after an error. Celery's `{ ok: value }` is unwrapped. */
  readonly value: R | undefined;
  /** What the worker refused, or could not do. */
  readonly error: string | undefined;
}

/** @throws EncodeError */
export function replyMessage(
  hostname: string,
  reply: unknown,
  content: Content,
  { ticket, clock }: { readonly ticket: string; readonly clock: number },
): WireMessage {
  const { body, contentType, contentEncoding } = content.encode({ [hostname]: reply }, 'json');
  const properties = { deliveryMode: 1, priority: 0 } as const;
  return { body, contentType, contentEncoding, headers: { ticket, clock }, properties };
}

/** The replies in a message: one, unless somebody joins them. Undefined for what is none. */
export function readReplies(wire: WireMessage, content: Content): readonly NodeReply[] | undefined {
  const { contentType, contentEncoding } = wire;
  let body: unknown;
  try {
    body = content.decode(wire.body, { contentType, contentEncoding, compression: undefined });
  } catch {
    return undefined;
  }
  if (!isRecord(body)) return undefined;
  return Object.entries(body).map(([hostname, reply]) => readReply(hostname, reply));
}

function readReply(hostname: string, reply: unknown): NodeReply {
  if (!isRecord(reply)) return { hostname, value: reply, error: undefined };
  const { ok, error } = reply;
  if (typeof error === 'string') return { hostname, value: undefined, error };
  return { hostname, value: ok === undefined ? reply : ok, error: undefined };
}
