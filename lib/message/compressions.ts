import * as zlib from 'node:zlib';
import { EncodeError, InvalidOptionError, MissingPackageError, UndecodableMessageError } from '../errors.js';
import { BZIP2_PACKAGE, openBzip2 } from './bzip2.compression.js';
import type { Compression } from './compression.js';
import { openZstd, ZSTD_PACKAGE } from './zstd.compression.js';

/** kombu means zlib data (RFC 1950) when it says gzip. */
const gzip: Compression = {
  names: ['gzip', 'zlib'],
  mimeType: 'application/x-gzip',
  compress: (bytes) => zlib.deflateSync(bytes),
  decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
};

/** Node's own quality, 11, takes far too long to write. */
const BROTLI_OPTIONS = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } };
const brotli: Compression = {
  names: ['brotli', 'br'],
  mimeType: 'application/x-brotli',
  compress: (bytes) => zlib.brotliCompressSync(bytes, BROTLI_OPTIONS),
  decompress: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
};

/** Those that come with a newer Node.js or a package, and what they need. */
const OPTIONAL = [
  {
    names: ['bzip2', 'bzip', 'application/x-bz2'],
    needs: `the package "${BZIP2_PACKAGE}"`,
    open: openBzip2,
  },
  {
    names: ['zstd', 'zstandard', 'application/zstd'],
    needs: `Node.js 22.15 or newer, or the package "${ZSTD_PACKAGE}"`,
    open: openZstd,
  },
];
/** Celery has them too. No package reads them and bounds what comes out. */
const NEVER = ['lzma', 'xz', 'application/x-lzma'];

/** What an option may name; whether an optional one is there is seen when it is opened. */
const BUILT_IN = [gzip, brotli];
const NAMEABLE = new Set([
  ...BUILT_IN.flatMap(({ names, mimeType }) => [...names, mimeType]),
  ...OPTIONAL.flatMap(({ names }) => names),
]);
export function isCompression(name: string): boolean {
  return NAMEABLE.has(name.toLowerCase());
}

/** What this process reads and writes, by every name and MIME type. */
export class Compressions {
  readonly #byName: ReadonlyMap<string, Compression>;
  /** The usual ones. */
  readonly #names: string[];

  private constructor(compressions: readonly Compression[]) {
    this.#names = compressions.map(({ names }) => names[0] ?? '');
    this.#byName = new Map(
      compressions.flatMap((each) =>
        [...each.names, each.mimeType].map((name): [string, Compression] => [name, each]),
      ),
    );
  }

  /**
   * Every compression that Node.js or an installed package brings.
   * @param needed name of one that has to be there
   * @throws MissingPackageError when that one is not
   */
  static async open(needed?: string): Promise<Compressions> {
    const name = needed?.toLowerCase() ?? '';
    const opened = await Promise.all(
      OPTIONAL.map(({ names, open }) => (names.includes(name) ? open() : ifInstalled(open()))),
    );
    return new Compressions([...BUILT_IN, ...opened.filter((each) => each !== undefined)]);
  }

  /** The MIME type of a name from the wire; undefined when it is not one of these. */
  mimeTypeOf(name: string): string | undefined {
    return this.#byName.get(name.toLowerCase())?.mimeType;
  }

  /** @throws InvalidOptionError for a name that is none of these, EncodeError when the data cannot be compressed */
  compress(name: string, bytes: Buffer): { readonly body: Buffer; readonly mimeType: string } {
    const compression = this.#byName.get(name.toLowerCase());
    if (compression === undefined) throw new InvalidOptionError('compression', unusable(name, this.#names));
    try {
      return { body: compression.compress(bytes), mimeType: compression.mimeType };
    } catch (cause) {
      throw new EncodeError('The message body', `${compression.names[0]} failed`, cause);
    }
  }

  /** @throws UndecodableMessageError for an unknown name, corrupt data, or more than `maxBytes` */
  decompress(name: string, bytes: Buffer, maxBytes: number): Buffer {
    const compression = this.#byName.get(name.toLowerCase());
    if (compression === undefined) throw new UndecodableMessageError(whyNot(name));
    const limit = Math.min(maxBytes, Math.max(bytes.length * MAX_RATIO, HARMLESS_BYTES));
    try {
      return compression.decompress(bytes, limit);
    } catch (cause) {
      const problem =
        cause instanceof RangeError ? `larger than ${limit} bytes once decompressed` : 'corrupt';
      throw new UndecodableMessageError(`${compression.names[0]} data is ${problem}`, cause);
    }
  }
}

/** A body that grows more than this is an attack, not a task. */
const MAX_RATIO = 200;
/** Up to here it may grow by any ratio: long runs of the same are common, and harm nobody at this size. */
const HARMLESS_BYTES = 1024 * 1024;

/** Why a compression cannot be used here, and which can. */
export function unusable(name: string, usable = ['gzip', 'brotli', 'bzip2', 'zstd']): string {
  return `${whyNot(name)}. Use ${usable.join(', ')}`;
}

function whyNot(name: string): string {
  const shown = JSON.stringify(name.slice(0, 80));
  const needs = OPTIONAL.find(({ names }) => names.includes(name.toLowerCase()))?.needs;
  if (needs !== undefined) return `compression ${shown} needs ${needs}`;
  return NEVER.includes(name.toLowerCase())
    ? `compression ${shown} cannot be used: there is no reader that bounds its output`
    : `unknown compression ${shown}`;
}

async function ifInstalled<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof MissingPackageError) return undefined;
    throw error;
  }
}
