import type { EventType, FieldsOf } from './event.js';

/** What is made of a field as it came: events from other hands are shown as well as can be, not refused for a detail. */
type Read<T> = (value: unknown) => T;

const text: Read<string> = (value) => (typeof value === 'string' ? value : '');
const textOrNull: Read<string | null> = (value) => (typeof value === 'string' ? value : null);
const maybeText: Read<string | undefined> = (value) => (typeof value === 'string' ? value : undefined);
const number: Read<number> = (value) => (Number.isFinite(value) ? Number(value) : 0);
const maybeNumber: Read<number | undefined> = (value) => (Number.isFinite(value) ? Number(value) : undefined);
const maybeNumbers: Read<readonly number[] | undefined> = (value) =>
  Array.isArray(value) ? value.slice(0, 3).map(number) : undefined;
const flag: Read<boolean> = (value) => value === true;
const signal: Read<number | string | null> = (value) =>
  typeof value === 'string' || Number.isFinite(value) ? (value as number | string) : null;

const CALL = {
  uuid: text,
  name: text,
  args: text,
  kwargs: text,
  root_id: textOrNull,
  parent_id: textOrNull,
  retries: number,
  eta: textOrNull,
  expires: textOrNull,
};
const WORKER_STATE = {
  freq: maybeNumber,
  active: maybeNumber,
  processed: maybeNumber,
  loadavg: maybeNumbers,
  sw_ident: maybeText,
  sw_ver: maybeText,
  sw_sys: maybeText,
};
const THROWN = { uuid: text, exception: text, traceback: textOrNull };

/** The fields of every event of Celery, and how each is read. */
export const EVENT_FIELDS: {
  readonly [T in EventType]: { readonly [K in keyof FieldsOf<T>]-?: Read<FieldsOf<T>[K]> };
} = {
  'worker-online': WORKER_STATE,
  'worker-heartbeat': WORKER_STATE,
  'worker-offline': WORKER_STATE,
  'task-sent': { ...CALL, queue: textOrNull, exchange: text, routing_key: text },
  'task-received': {
    ...CALL,
    queue: maybeText,
    group_id: maybeText,
    chord_id: maybeText,
    argsjson: maybeText,
  },
  'task-started': { uuid: text },
  'task-succeeded': { uuid: text, result: text, runtime: number },
  'task-failed': THROWN,
  'task-retried': THROWN,
  'task-rejected': { uuid: text, requeue: flag },
  'task-revoked': { uuid: text, terminated: flag, signum: signal, expired: flag },
  'task-cancelled': { uuid: text },
  'worker-elect': { id: text, topic: text, action: (value) => value, cver: number },
  'worker-elect-ack': { id: text },
};
