import { jsonSerializer, type JsonOptions } from './json.serializer.js';
import { openMsgpack } from './msgpack.serializer.js';
import type { Serializer } from './serializer.js';
import { openYaml } from './yaml.serializer.js';

/** Every serializer by name, with the content type that is its. */
export const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['msgpack', 'application/x-msgpack'],
  ['yaml', 'application/x-yaml'],
]);

/** Content that no serializer is concerned with: bytes or text, as kombu hands it on. */
export const RAW_TYPES: readonly string[] = ['application/data', 'application/text', 'text/plain'];

/** Reading it runs code of the sender's choice, so nothing here can, by any option. */
export function isPickle(nameOrType: string): boolean {
  return /pickle|python-serialize/i.test(nameOrType);
}

/**
 * JSON, and the ones that are named by name or content type; the others need a package.
 * @throws MissingPackageError
 */
export async function openSerializers(
  named: Iterable<string>,
  options: JsonOptions,
): Promise<readonly Serializer[]> {
  const wanted = new Set(named);
  const isWanted = (name: string): boolean => wanted.has(name) || wanted.has(CONTENT_TYPES.get(name) ?? name);
  return [
    jsonSerializer(options),
    ...(isWanted('msgpack') ? [await openMsgpack(options)] : []),
    ...(isWanted('yaml') ? [await openYaml(options)] : []),
  ];
}
