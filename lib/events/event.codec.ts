import type { Content } from '../message/content.js';
import type { WireMessage } from '../message/wire-message.js';
import type { CeleryEvent, EventOrigin, EventType } from './event.js';
import { EVENT_FIELDS } from './event.fields.js';

/** An event in the form it travels in. */
export type WireEvent = Readonly<Record<string, unknown>>;

/** One event, or several in one message. @throws EncodeError */
export function eventMessage(
  events: WireEvent | readonly WireEvent[],
  { content, serializer, hostname }: EventWriting,
): WireMessage {
  const { body, contentType, contentEncoding } = content.encode(events, serializer);
  // Transient, as Celery's: an event that nobody hears is worth nothing later.
  const properties = { deliveryMode: 1, priority: 0 } as const;
  return { body, contentType, contentEncoding, headers: { hostname }, properties };
}

export interface EventWriting {
  readonly content: Content;
  readonly serializer: string;
  readonly hostname: string;
}

/** What a message on the exchange of events holds. `unread` counts what is no event. Never throws. */
export interface ReadEvents {
  readonly events: readonly CeleryEvent[];
  readonly unread: number;
}

export function readEvents(wire: WireMessage, content: Content): ReadEvents {
  const { contentType, contentEncoding } = wire;
  let body: unknown;
  try {
    body = content.decode(wire.body, { contentType, contentEncoding, compression: undefined });
  } catch {
    return { events: [], unread: 1 };
  }
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  const events = items.map(readEvent).filter((event) => event !== undefined);
  return { events, unread: items.length - events.length };
}

/** Undefined for what is no event: who said it, what it is, and the task of a task's event must be there. */
export function readEvent(item: unknown): CeleryEvent | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const fields = item as WireEvent;
  const { type, hostname, timestamp } = fields;
  if (typeof type !== 'string' || typeof hostname !== 'string' || !isTime(timestamp)) return undefined;
  const origin: EventOrigin = {
    hostname,
    utcoffset: numberOr(fields['utcoffset'], 0),
    pid: numberOr(fields['pid'], 0),
    clock: numberOr(fields['clock'], 0),
    timestamp,
  };
  if (!isKnown(type)) return custom(type, origin, fields);
  if (type.startsWith('task-') && typeof fields['uuid'] !== 'string') return undefined;
  const read = Object.entries<(value: unknown) => unknown>(EVENT_FIELDS[type]).map(([name, reads]) => [
    name,
    reads(fields[name]),
  ]);
  return { type, ...origin, ...Object.fromEntries(read) } as CeleryEvent;
}

/** Of JavaScript's dates, seconds. */
const LAST_SECOND = 8.64e12;

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_SECOND;
}

function custom(name: string, origin: EventOrigin, fields: WireEvent): CeleryEvent {
  const { uuid, type: _type, ...rest } = fields;
  const own = Object.entries(rest).filter(([field]) => !Object.hasOwn(origin, field));
  return {
    type: 'custom',
    name,
    ...origin,
    uuid: typeof uuid === 'string' ? uuid : undefined,
    fields: Object.fromEntries(own),
  };
}

function isKnown(type: string): type is EventType {
  return Object.hasOwn(EVENT_FIELDS, type);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
