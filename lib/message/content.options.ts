import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';
import { bool, describe, integer, list, text, type Field } from '../runtime/options.js';
import { isCompression, unusable } from './compressions.js';
import { CONTENT_TYPES, isPickle, RAW_TYPES } from './serializers.js';
import type { JsonType } from './typed-values.js';

/** What a process writes and accepts, as users write it. */
export interface ContentOptions {
  /** Serializer of task messages: `json`, `msgpack`, `yaml`. Default `json` (`task_serializer`). */
  taskSerializer?: string;
  /**
   * Compression of task messages: `gzip`, `brotli`, `bzip2` (with the package @foxglove/wasm-bz2), `zstd` (Node.js 22.15
   * or newer, or the package @bokuweb/zstd-wasm). Default none (`task_compression`). Whatever is there is read without
   * being named here.
   */
  taskCompression?: string;
  /** Serializer of stored results. Default `json` (`result_serializer`). */
  resultSerializer?: string;
  /** Names or MIME types accepted in messages. Default `['json']` (`accept_content`). Pickle is never accepted. */
  acceptContent?: readonly string[];
  /** The same for results. Default: `acceptContent` (`result_accept_content`). */
  resultAcceptContent?: readonly string[];
  /**
   * Write dates, bytes, decimals and UUIDs as kombu ≥ 5.3's typed values. Default true; false writes plain text, for
   * fleets with workers of Celery ≤ 5.2, which do not read them.
   */
  jsonTypedValues?: boolean;
  /** More types that travel typed: kombu's `register_type`. Default none. */
  jsonTypes?: readonly JsonType[];
  /** Longest body as received, bytes. Default 16 MiB. */
  maxBodyBytes?: number;
  /** Longest body once decompressed, bytes. Default 64 MiB. */
  maxDecompressedBytes?: number;
  /** Deepest nesting of a body. Default 200. */
  maxBodyDepth?: number;
  /** Most items and members in a body, counted together. Default 1 000 000. */
  maxBodyElements?: number;
}

/** What the code reads. */
export interface ContentConfig {
  readonly taskSerializer: string;
  readonly taskCompression: string | undefined;
  readonly resultSerializer: string;
  readonly acceptContent: readonly string[];
  readonly resultAcceptContent: readonly string[] | undefined;
  readonly jsonTypedValues: boolean;
  readonly jsonTypes: readonly JsonType[];
  readonly maxBodyBytes: number;
  readonly maxDecompressedBytes: number;
  readonly maxBodyDepth: number;
  readonly maxBodyElements: number;
}

const serializer: Field<string> = (value, path) =>
  known(text('json')(value, path), [...CONTENT_TYPES.keys()], path);
/** The name of a serializer, or a content type. */
const contentType: Field<string> = (value, path) => {
  const name = text(undefined)(value, path);
  if (name === undefined)
    throw new InvalidOptionError(path, `expected a content type, got ${describe(value)}`);
  return known(name, [...CONTENT_TYPES.keys(), ...CONTENT_TYPES.values(), ...RAW_TYPES], path);
};
const compression: Field<string | undefined> = (value, path) => {
  const name = text(undefined)(value, path);
  if (name === undefined || isCompression(name)) return name;
  throw new InvalidOptionError(path, unusable(name));
};
const jsonType: Field<JsonType> = (value, path) => {
  if (isJsonType(value)) return value;
  throw new InvalidOptionError(path, `expected { name, is, encode, decode }, got ${describe(value)}`);
};

export const contentFields: { readonly [K in keyof ContentConfig]-?: Field<ContentConfig[K]> } = {
  taskSerializer: serializer,
  taskCompression: compression,
  resultSerializer: serializer,
  acceptContent: list(contentType, ['json']),
  resultAcceptContent: optional(list(contentType)),
  jsonTypedValues: bool(true),
  jsonTypes: list(jsonType),
  maxBodyBytes: integer(16 * 1024 * 1024, 1),
  maxDecompressedBytes: integer(64 * 1024 * 1024, 1),
  maxBodyDepth: integer(200, 3, 1_000),
  maxBodyElements: integer(1_000_000, 1),
};

function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, path) => (value === undefined ? undefined : field(value, path));
}

function known(name: string, names: readonly string[], path: string): string {
  if (names.includes(name)) return name;
  if (isPickle(name)) {
    throw new InvalidOptionError(
      path,
      `${describe(name)} is refused: reading pickle runs code of the sender's choice. Use json, msgpack or yaml`,
    );
  }
  const meant = nearest(name, names);
  const cure = meant === undefined ? `Known: ${names.join(', ')}` : `Did you mean ${meant}?`;
  throw new InvalidOptionError(path, `unknown content type ${describe(name)}. ${cure}`);
}

function isJsonType(value: unknown): value is JsonType {
  if (typeof value !== 'object' || value === null) return false;
  const isFunction = (key: string): boolean => typeof Reflect.get(value, key) === 'function';
  return typeof Reflect.get(value, 'name') === 'string' && ['is', 'encode', 'decode'].every(isFunction);
}
