import { isUtf8 } from 'node:buffer';
import { UndecodableMessageError } from '../errors.js';
import { formatCeleryDate, parseCeleryDate } from './celery-date.js';
import type { Revive } from './json.reader.js';
import { KombuValue } from './kombu-value.js';
import type { Replace } from './plain-data.js';

/** One more type that travels as `{"__type__": name, "__value__": …}`: kombu's `register_type`. */
export interface JsonType<T extends object = object> {
  /** The `__type__` on the wire; both sides must use the same. */
  readonly name: string;
  /** Asked for instances of classes; plain objects and arrays are always written as they are. */
  is(value: object): value is T;
  /** What `__value__` holds: data that JSON has a form for. */
  encode(value: T): unknown;
  /** Gets whatever a sender wrote; throws for what is no such value. */
  decode(value: unknown): unknown;
}

/**
 * kombu ≥ 5.3's typed values: datetime → Date (to the millisecond), bytes → Buffer, decimal, uuid, date and time → KombuValue.
 * A registered type wins over a built-in one.
 */
export function typedReviver(types: readonly JsonType[]): Revive {
  const registered = new Map(types.map((type) => [type.name, type]));
  return (type, value) => {
    const own = typeof type === 'string' ? registered.get(type) : undefined;
    return own === undefined ? reviveBuiltIn(type, value) : reviveWith(own, value);
  };
}

function reviveWith(type: JsonType, value: unknown): unknown {
  try {
    return type.decode(value);
  } catch (cause) {
    throw new UndecodableMessageError(`the type ${JSON.stringify(type.name)} refused a value`, cause);
  }
}

function reviveBuiltIn(type: unknown, value: unknown): unknown {
  const text = type === 'uuid' ? hexOf(value) : value;
  const revived = typeof text === 'string' ? reviveText(type, text) : undefined;
  if (revived !== undefined) return revived;
  const shown = typeof type === 'string' ? JSON.stringify(type.slice(0, 80)) : `a ${typeof type}`;
  throw new UndecodableMessageError(`unknown typed value of type ${shown}, or not one of that type`);
}

function reviveText(type: unknown, text: string): unknown {
  switch (type) {
    case 'datetime': {
      const epochMs = parseCeleryDate(text);
      return epochMs === undefined ? undefined : new Date(epochMs);
    }
    case 'decimal':
    case 'uuid':
    case 'date':
    case 'time':
      return KombuValue.parse(type, text);
    case 'bytes':
      return Buffer.from(text, 'utf8');
    case 'base64':
      return isBase64(text) ? Buffer.from(text, 'base64') : undefined;
    default:
      return undefined;
  }
}

function hexOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, 'hex') : value;
}

/** Node skips what is none, and would give other bytes. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** Writes `{"__type__", "__value__"}`, which kombu ≥ 5.3 reads. */
export function typedReplacer(types: readonly JsonType[]): Replace {
  return (value) => {
    for (const type of types) if (type.is(value)) return typed(type.name, type.encode(value));
    if (value instanceof Date) return typed('datetime', dateText(value));
    if (value instanceof KombuValue) {
      return typed(value.type, value.type === 'uuid' ? { hex: value.text.replaceAll('-', '') } : value.text);
    }
    if (value instanceof Uint8Array) {
      return isUtf8(value)
        ? typed('bytes', bytesOf(value).toString('utf8'))
        : typed('base64', bytesOf(value).toString('base64'));
    }
    return undefined;
  };
}

/** Writes what kombu ≤ 5.2 writes: plain text, which reads back as text. Bytes have no form there. */
export function plainReplacer(types: readonly JsonType[]): Replace {
  return (value) => {
    for (const type of types) if (type.is(value)) return { replacement: type.encode(value) };
    if (value instanceof Date) return { leaf: dateText(value).replace('+00:00', 'Z') };
    if (value instanceof KombuValue) {
      return { leaf: value.type === 'date' ? `${value.text}T00:00:00` : value.text };
    }
    if (value instanceof Uint8Array) {
      throw new TypeError('bytes have no form here. Pass base64 text, or use msgpack');
    }
    return undefined;
  };
}

function typed(type: string, value: unknown): { readonly replacement: unknown } {
  return { replacement: { __type__: type, __value__: value } };
}

export function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new RangeError('it is an invalid Date');
  return formatCeleryDate(date.getTime());
}

function bytesOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
