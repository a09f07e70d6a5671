import type { Content, EncodedBody } from '../../message/content.js';
import type { WireMessage } from '../../message/wire-message.js';

/**
 * A value on its way between parent and child. `plain`: the structured clone algorithm copies it without loss.
 * `withBytes`: but for bytes among it, which may come out as another class of bytes. `encoded`: it holds objects of
 * classes, which that algorithm would strip bare; the result serializer writes them as it would for the result backend.
 */
export type Cargo =
  { readonly plain: unknown } | { readonly withBytes: unknown } | { readonly encoded: EncodedBody };

/** A `WireMessage`. */
export interface MessageCargo {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Cargo;
  readonly properties: Cargo;
}

/** Loads and unloads. Made alike on both sides. */
export class CargoHold {
  constructor(
    private readonly content: Content,
    /** Name of the result serializer. */
    private readonly serializer: string,
  ) {}

  /** @throws EncodeError for a value that no result could hold */
  load(value: unknown): Cargo {
    return clonesWell(value, 0)
      ? { plain: value }
      : { encoded: this.content.encode(value, this.serializer, undefined) };
  }

  unload(cargo: Cargo): unknown {
    if ('plain' in cargo) return cargo.plain;
    if ('withBytes' in cargo) return withBuffers(cargo.withBytes);
    const { body, contentType, contentEncoding } = cargo.encoded;
    return this.content.decode(bufferOf(body), { contentType, contentEncoding, compression: undefined });
  }

  loadMessage({ body, contentType, contentEncoding, headers, properties }: WireMessage): MessageCargo {
    const rest = { headers: this.#loadTable(headers), properties: this.#loadTable(properties) };
    return { body, contentType, contentEncoding, ...rest };
  }

  /** Whatever a broker can hand out passes, also what the serializer has no form for. */
  #loadTable(table: unknown): Cargo {
    if (clonesWell(table, 0)) return { plain: table };
    return clonesWell(table, 0, BYTES_TOO) ? { withBytes: table } : this.load(table);
  }

  unloadMessage({ body, contentType, contentEncoding, headers, properties }: MessageCargo): WireMessage {
    return Object.freeze({
      body: bufferOf(body),
      contentType,
      contentEncoding,
      headers: Object.freeze(this.unload(headers)) as WireMessage['headers'],
      properties: Object.freeze(this.unload(properties)) as WireMessage['properties'],
    });
  }
}

/** Deeper values are left to the serializer, which knows its limit and the words for it. */
const MAX_DEPTH = 200;

/** Plain objects and lists of plain values. Bytes are no such value: a `Buffer` comes out of a port between threads as something else. */
function clonesWell(value: unknown, depth: number, bytesToo = false): boolean {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return false;
    case 'object':
      if (value === null || value instanceof Date) return true;
      if (depth > MAX_DEPTH) return false;
      if (bytesToo && value instanceof Uint8Array) return true;
      if (Array.isArray(value)) return value.every((item) => clonesWell(item, depth + 1, bytesToo));
      return (
        isPlain(value) && Object.values(value).every((member) => clonesWell(member, depth + 1, bytesToo))
      );
    default:
      return true;
  }
}

const BYTES_TOO = true;

function withBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return bufferOf(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(withBuffers);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withBuffers(member)]));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Between threads a `Buffer` arrives as the `Uint8Array` it is. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
