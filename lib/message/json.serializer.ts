import { readJson } from './json.reader.js';
import type { JsonLimits } from './json.scan.js';
import { writeJson } from './json.writer.js';
import type { Serializer } from './serializer.js';
import { plainReplacer, typedReplacer, typedReviver, type JsonType } from './typed-values.js';

export interface JsonOptions extends JsonLimits {
  /** Write kombu's typed values; false writes the plain text that kombu ≤ 5.2 writes. */
  readonly typedValues: boolean;
  readonly types: readonly JsonType[];
}

/** Celery's default serializer. Both forms of typed values are always read. */
export function jsonSerializer({ typedValues, types, ...limits }: JsonOptions): Serializer {
  const replace = typedValues ? typedReplacer(types) : plainReplacer(types);
  const revive = typedReviver(types);
  return {
    name: 'json',
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    encode: (value) => Buffer.from(writeJson(value, replace)),
    decode: (bytes) => readJson(bytes, limits, revive),
  };
}
