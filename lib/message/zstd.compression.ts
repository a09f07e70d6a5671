import * as zlib from 'node:zlib';
import { loadPeer } from '../runtime/peer.js';
import type { Compression } from './compression.js';

export const ZSTD_PACKAGE = '@bokuweb/zstd-wasm';

const NAMED = { names: ['zstd', 'zstandard'], mimeType: 'application/zstd' } as const;

/**
 * zstd of Node.js; before 22.15, which brought it, that of the package `@bokuweb/zstd-wasm`.
 * @throws MissingPackageError
 */
export async function openZstd(): Promise<Compression> {
  return nodeZstd() ?? packageZstd();
}

function nodeZstd(): Compression | undefined {
  const compress: unknown = Reflect.get(zlib, 'zstdCompressSync');
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync');
  if (!isCodec(compress) || !isCodec(decompress)) return undefined;
  return {
    ...NAMED,
    compress: (bytes) => compress(bytes, {}),
    decompress: (bytes, maxOutputLength) => decompress(bytes, { maxOutputLength }),
  };
}

/** Shape of both functions; their types come with those of Node 22. */
function isCodec(value: unknown): value is (bytes: Buffer, options: { maxOutputLength?: number }) => Buffer {
  return typeof value === 'function';
}

let opening: Promise<Compression> | undefined;

/**
 * One for the whole process: a second `init` would take the package's memory away under the first.
 * @throws MissingPackageError
 */
export function packageZstd(): Promise<Compression> {
  opening ??= openPackage();
  return opening;
}

async function openPackage(): Promise<Compression> {
  const { init, compress, decompress } = await loadPeer(
    ZSTD_PACKAGE,
    'Compression "zstd" before Node.js 22.15',
    () => import('@bokuweb/zstd-wasm'),
  );
  await init();
  return {
    ...NAMED,
    compress: (bytes) => Buffer.from(compress(bytes)),
    decompress(bytes, maxBytes) {
      // The package makes room for what the frame declares, whatever that is.
      const declared = declaredBytes(bytes);
      if (declared !== undefined && declared > maxBytes) throw new RangeError(`${declared} bytes declared`);
      try {
        return Buffer.from(decompress(bytes, { defaultHeapSize: maxBytes }));
      } catch (cause) {
        throw declared === undefined && isFull(cause)
          ? new RangeError('more than allowed', { cause })
          : cause;
      }
    },
  };
}

/** zstd's error `dstSize_tooSmall`. */
function isFull(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith(' -70');
}

const FRAME_MAGIC = 0xfd2fb528;
/** Bytes of the dictionary's id, by the two lowest bits of the descriptor. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];

const LONGEST_HEADER = 18;

/**
 * How long the frame says its content is, undefined where it does not say (RFC 8878, section 3.1.1.1). A header that
 * is cut off is left to the package to find.
 */
function declaredBytes(frame: Buffer): number | undefined {
  const header = Buffer.alloc(LONGEST_HEADER);
  frame.copy(header);
  if (header.readUInt32LE(0) !== FRAME_MAGIC) throw new Error('not a zstd frame');
  const descriptor = header.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0);
  switch (descriptor >>> 6) {
    case 0:
      return isSingleSegment ? header.readUInt8(at) : undefined;
    case 1:
      return header.readUInt16LE(at) + 256;
    case 2:
      return header.readUInt32LE(at);
    default:
      return Number(header.readBigUInt64LE(at));
  }
}
