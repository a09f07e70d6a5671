import { EncodeError, UndecodableMessageError } from '../errors.js';
import { loadPeer } from '../runtime/peer.js';
import type { JsonOptions } from './json.serializer.js';
import { KombuValue } from './kombu-value.js';
import { checkMsgpack } from './msgpack.scan.js';
import { toPlainData, type Replace } from './plain-data.js';
import type { Serializer } from './serializer.js';

/**
 * msgpack by the package `@msgpack/msgpack`: bytes and integers of 64 bits as they are, dates as its timestamps, and no
 * other extension types.
 * @throws MissingPackageError
 */
export async function openMsgpack(options: JsonOptions): Promise<Serializer> {
  const { decode, encode } = await loadPeer(
    '@msgpack/msgpack',
    'Serializer "msgpack"',
    () => import('@msgpack/msgpack'),
  );
  return {
    name: 'msgpack',
    contentType: 'application/x-msgpack',
    contentEncoding: 'binary',
    encode(value) {
      const written = encode(exactNumbers(toPlainData(value, replacer(options))), ENCODING);
      return Buffer.from(written.buffer, written.byteOffset, written.byteLength);
    },
    decode(bytes) {
      checkMsgpack(bytes, options);
      try {
        return tidy(decode(bytes, { useBigInt64: true }));
      } catch (cause) {
        throw new UndecodableMessageError('invalid msgpack', cause);
      }
    },
  };
}

const ENCODING = { useBigInt64: true, maxDepth: 1_000 } as const;

function replacer({ types }: JsonOptions): Replace {
  return (value) => {
    for (const type of types) if (type.is(value)) return { replacement: type.encode(value) };
    if (value instanceof KombuValue) return { leaf: value.text };
    if (value instanceof Date && Number.isNaN(value.getTime())) throw new RangeError('it is an invalid Date');
    return value instanceof Date || value instanceof Uint8Array ? { leaf: value } : undefined;
  };
}

const LARGEST = 2n ** 64n;
const SMALLEST = -(2n ** 63n);

/** The package would write a number beyond 32 bits as a float. Changes the copy that `toPlainData` made. */
function exactNumbers(value: unknown): unknown {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && Math.abs(value) >= 2 ** 31 ? BigInt(value) : value;
  }
  if (typeof value === 'bigint' && (value >= LARGEST || value < SMALLEST)) {
    throw new EncodeError('an integer', 'msgpack holds no more than 64 bits. Use json');
  }
  return replaceMembers(value, exactNumbers);
}

/** Integers that fit become numbers again, and bytes stop holding on to the whole message. */
function tidy(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  return value instanceof Uint8Array ? Buffer.from(value) : replaceMembers(value, tidy);
}

/** In place. */
function replaceMembers(value: unknown, replace: (member: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = replace(item);
  } else if (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  ) {
    for (const [name, member] of Object.entries(value)) Reflect.set(value, name, replace(member));
  }
  return value;
}
