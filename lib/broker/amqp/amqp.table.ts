import { EncodeError } from '../../errors.js';

/** A value together with the type to write it as: amqplib's notation. */
interface Typed {
  readonly '!': string;
  readonly value: unknown;
}

type Table = Record<string, unknown>;

/**
 * A record as amqplib is to write it. Whole numbers are always 32 or 64 bits long: amqplib would choose shorter ones, and
 * Python's reader takes a 16-bit number for a string and a negative 8-bit one for a positive.
 * @throws EncodeError for what AMQP cannot carry
 */
export function toTable(record: Readonly<Table>): Table {
  // A copy by spreading stays fast to read; one built key by key does not, and that is the most of a publish.
  const table: Table = { ...record };
  for (const key of Object.keys(table)) {
    const value = table[key];
    if (typeof value === 'string' || value === null || value === undefined) continue;
    const written = toField(value, key);
    if (written !== value) table[key] = written;
  }
  // To amqplib an own key "!" marks a typed value; inherited, it is an ordinary key.
  return Object.hasOwn(table, '!') ? Object.create(table) : table;
}

function toField(value: unknown, key: string): unknown {
  switch (typeof value) {
    case 'number':
      return toNumber(value);
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return { '!': 'int64', value } satisfies Typed;
      throw new EncodeError(`Header ${JSON.stringify(key)}`, 'the number has more than 64 bits');
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      if (value === null || Buffer.isBuffer(value)) return value;
      if (Array.isArray(value)) return value.map((each) => toField(each ?? null, key));
      if (value instanceof Uint8Array) return Buffer.from(value);
      if (value instanceof Date) return { '!': 'timestamp', value: toSeconds(value, key) } satisfies Typed;
      return toTable(value as Table);
    default:
      throw new EncodeError(`Header ${JSON.stringify(key)}`, `AMQP carries no ${typeof value}`);
  }
}

function toNumber(value: number): unknown {
  const small = SMALL[value];
  if (small !== undefined) return small;
  if (!Number.isSafeInteger(value)) return { '!': 'double', value } satisfies Typed;
  const type = value >= -(2 ** 31) && value < 2 ** 31 ? 'int32' : 'int64';
  return { '!': type, value } satisfies Typed;
}

/** Most numbers in headers are counts. */
const SMALL: readonly Typed[] = Array.from({ length: 64 }, (_, value) =>
  Object.freeze({ '!': 'int32', value }),
);

function toSeconds(date: Date, key: string): number {
  const seconds = Math.floor(date.getTime() / 1000);
  if (seconds >= 0) return seconds;
  throw new EncodeError(`Header ${JSON.stringify(key)}`, 'AMQP carries no date before 1970');
}

/** Deeper tables are refused: no honest header is. */
export const DEEPEST = 64;

/**
 * What amqplib read, as plain values: its typed ones become dates and numbers, and no key becomes a prototype.
 * @throws RangeError for tables nested deeper than `DEEPEST`
 */
export function fromTable(table: Table, depth = DEEPEST): Table {
  if (Object.getPrototypeOf(table) !== Object.prototype) return fromTable(withoutPrototype(table), depth);
  for (const key of Object.keys(table)) {
    const value = table[key];
    if (typeof value !== 'object' || value === null) continue;
    const plain = fromField(value, shallower(depth));
    if (plain !== value) define(table, key, plain);
  }
  return table;
}

/** amqplib assigns a `__proto__` key and so makes it the prototype; here it is the ordinary key it was on the wire. */
function withoutPrototype(table: Table): Table {
  const plain: Table = { ...table };
  define(plain, '__proto__', Object.getPrototypeOf(table));
  return plain;
}

function fromField(value: object, depth: number): unknown {
  if (Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) {
    value.forEach((each: unknown, index) => {
      if (typeof each === 'object' && each !== null) value[index] = fromField(each, shallower(depth));
    });
    return value;
  }
  const table = value as Table;
  const inner = table['value'];
  if (table['!'] === 'timestamp' && typeof inner === 'number')
    return inner > LAST_SECOND ? inner : new Date(inner * 1000);
  if (table['!'] === 'decimal' && typeof inner === 'object' && inner !== null) return decimal(inner as Table);
  return fromTable(table, depth);
}

/** Of JavaScript's dates. */
const LAST_SECOND = 8.64e12;

export function shallower(depth: number): number {
  if (depth === 0) throw new RangeError(`they are nested deeper than ${DEEPEST}`);
  return depth - 1;
}

function decimal({ digits, places }: Table): number {
  return Number(digits) / 10 ** Number(places);
}

function define(table: Table, key: string, value: unknown): void {
  Object.defineProperty(table, key, { value, writable: true, enumerable: true, configurable: true });
}
