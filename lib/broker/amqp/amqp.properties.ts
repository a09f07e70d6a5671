import { DEEPEST, shallower } from './amqp.table.js';

/** amqplib's names, in AMQP's order, each with how it is written. The first belongs to the highest bit of the flags. */
const PROPERTIES = [
  ['contentType', 'text'],
  ['contentEncoding', 'text'],
  ['headers', 'table'],
  ['deliveryMode', 'octet'],
  ['priority', 'octet'],
  ['correlationId', 'text'],
  ['replyTo', 'text'],
  ['expiration', 'text'],
  ['messageId', 'text'],
  ['timestamp', 'timestamp'],
  ['type', 'text'],
  ['userId', 'text'],
  ['appId', 'text'],
  ['clusterId', 'text'],
] as const;

/** Where `readProperties` says why it could not read the headers. No header can have this name. */
export const UNREADABLE = Symbol('unreadable');

/** A message's properties from their bytes, as amqplib would read them; unreadable headers come back empty, with the reason. */
export function readProperties(bytes: Buffer): Record<string | symbol, unknown> {
  const reader = new Reader(bytes);
  const flags = reader.uint16();
  const properties: Record<string | symbol, unknown> = {};
  for (const [index, [name, kind]] of PROPERTIES.entries()) {
    if ((flags & (0x8000 >> index)) === 0) {
      properties[name] = undefined;
    } else if (kind === 'table') {
      const table = reader.block();
      try {
        properties[name] = readTable(new Reader(table), DEEPEST);
      } catch (error) {
        properties[name] = {};
        properties[UNREADABLE] = `headers cannot be read: ${String(error)}`;
      }
    } else {
      properties[name] =
        kind === 'text' ? reader.text() : kind === 'octet' ? reader.uint8() : reader.uint64();
    }
  }
  return properties;
}

class Reader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  uint8 = (): number => this.bytes.readUInt8(this.#take(1));
  int8 = (): number => this.bytes.readInt8(this.#take(1));
  uint16 = (): number => this.bytes.readUInt16BE(this.#take(2));
  int16 = (): number => this.bytes.readInt16BE(this.#take(2));
  uint32 = (): number => this.bytes.readUInt32BE(this.#take(4));
  int32 = (): number => this.bytes.readInt32BE(this.#take(4));
  uint64 = (): number | bigint => exact(this.bytes.readBigUInt64BE(this.#take(8)));
  int64 = (): number | bigint => exact(this.bytes.readBigInt64BE(this.#take(8)));
  float = (): number => this.bytes.readFloatBE(this.#take(4));
  double = (): number => this.bytes.readDoubleBE(this.#take(8));

  /** Up to 255 bytes. */
  text(): string {
    const length = this.uint8();
    const start = this.#take(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  /** Bytes after their length. */
  block(): Buffer {
    const length = this.uint32();
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.bytes.length) throw new RangeError('they end too early');
    return start;
  }
}

function readTable(reader: Reader, depth: number): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  while (!reader.done) {
    const key = reader.text();
    const value = readValue(reader, depth);
    // Assigned, a "__proto__" key would become the prototype.
    Object.defineProperty(table, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return table;
}

function readValue(reader: Reader, depth: number): unknown {
  const type = String.fromCharCode(reader.uint8());
  switch (type) {
    case 'S':
      return reader.block().toString('utf8');
    case 'x':
      return reader.block();
    case 'I':
      return reader.int32();
    case 'i':
      return reader.uint32();
    case 'l':
    case 'L':
      return reader.int64();
    case 'b':
      return reader.int8();
    case 'B':
      return reader.uint8();
    case 's':
    case 'U':
      return reader.int16();
    case 'u':
      return reader.uint16();
    case 'f':
      return reader.float();
    case 'd':
      return reader.double();
    case 't':
      return reader.uint8() !== 0;
    case 'V':
      return null;
    case 'T':
      return { '!': 'timestamp', value: Number(reader.uint64()) };
    case 'D':
      return { '!': 'decimal', value: { places: reader.uint8(), digits: reader.int32() } };
    case 'F':
      return readTable(new Reader(reader.block()), shallower(depth));
    case 'A':
      return readList(new Reader(reader.block()), shallower(depth));
    default:
      throw new TypeError(`unknown type ${JSON.stringify(type)}`);
  }
}

function readList(reader: Reader, depth: number): unknown[] {
  const list: unknown[] = [];
  while (!reader.done) list.push(readValue(reader, depth));
  return list;
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
