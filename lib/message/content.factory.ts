import { CeleryError, EncodeError, InvalidOptionError, UndecodableMessageError } from '../errors.js';
import { messageOf } from '../runtime/message-of.js';
import { Compressions } from './compressions.js';
import type { BodyDescription, Content, EncodedBody } from './content.js';
import type { ContentConfig } from './content.options.js';
import type { Serializer } from './serializer.js';
import { CONTENT_TYPES, isPickle, openSerializers } from './serializers.js';

/**
 * Opens what a process writes and accepts. Optional packages are loaded here, once.
 * @throws MissingPackageError for a serializer or a compression that is named
 */
export async function openContent(config: ContentConfig): Promise<Content> {
  const { taskSerializer, resultSerializer, acceptContent } = config;
  const serializers = await openSerializers([taskSerializer, resultSerializer, ...acceptContent], {
    maxDepth: config.maxBodyDepth,
    maxElements: config.maxBodyElements,
    typedValues: config.jsonTypedValues,
    types: config.jsonTypes,
  });
  const acceptedTypes = new Set(acceptContent.map((name) => CONTENT_TYPES.get(name) ?? name));
  return new NegotiatedContent({
    serializers,
    compressions: await Compressions.open(config.taskCompression),
    acceptedTypes,
    limits: config,
  });
}

interface Parts {
  readonly serializers: readonly Serializer[];
  readonly compressions: Compressions;
  readonly acceptedTypes: ReadonlySet<string>;
  readonly limits: Pick<ContentConfig, 'maxBodyBytes' | 'maxDecompressedBytes'>;
}

class NegotiatedContent implements Content {
  readonly #byName: ReadonlyMap<string, Serializer>;
  readonly #byContentType: ReadonlyMap<string, Serializer>;

  constructor(private readonly parts: Parts) {
    this.#byName = new Map(parts.serializers.map((each) => [each.name, each]));
    this.#byContentType = new Map(parts.serializers.map((each) => [each.contentType, each]));
  }

  encode(value: unknown, serializer: string, compression?: string): EncodedBody {
    const chosen = this.#byName.get(serializer) ?? this.#byContentType.get(serializer);
    if (chosen === undefined) throw new InvalidOptionError('serializer', unknownSerializer(serializer));
    const { contentType, contentEncoding } = chosen;
    const bytes = encodeWith(chosen, value);
    if (compression === undefined) return { body: bytes, contentType, contentEncoding, compression };
    const { body, mimeType } = this.parts.compressions.compress(compression, bytes);
    return { body, contentType, contentEncoding, compression: mimeType };
  }

  decode(body: Buffer, { contentType, contentEncoding, compression }: BodyDescription): unknown {
    const { maxBodyBytes, maxDecompressedBytes } = this.parts.limits;
    if (body.length > maxBodyBytes) {
      throw new UndecodableMessageError(`body of ${body.length} bytes is over the limit of ${maxBodyBytes}`);
    }
    if (!isRaw(contentType) && !this.parts.acceptedTypes.has(contentType)) throw refused(contentType);
    const bytes =
      compression === undefined
        ? body
        : this.parts.compressions.decompress(compression, body, maxDecompressedBytes);
    const serializer = this.#byContentType.get(contentType);
    return serializer === undefined ? rawContent(bytes, contentEncoding) : serializer.decode(bytes);
  }

  serializerOf(contentType: string): string | undefined {
    return this.#byContentType.get(contentType)?.name;
  }

  compressionOf(header: string): string | undefined {
    return this.parts.compressions.mimeTypeOf(header);
  }
}

/** The value's own code may throw anything, from a getter for example. */
function encodeWith(serializer: Serializer, value: unknown): Buffer {
  try {
    return serializer.encode(value);
  } catch (error) {
    if (error instanceof CeleryError) throw error;
    throw new EncodeError('The value', messageOf(error), error);
  }
}

/** kombu lets these two pass whatever is accepted, and does not look into them. */
function isRaw(contentType: string): boolean {
  return contentType === 'application/data' || contentType === 'application/text';
}

/** Bytes, or the text they are; no serializer is concerned. */
function rawContent(bytes: Buffer, contentEncoding: string): Buffer | string {
  return ['', 'utf-8', 'utf8', 'us-ascii', 'ascii'].includes(contentEncoding.toLowerCase())
    ? bytes.toString('utf8')
    : bytes;
}

function refused(contentType: string): UndecodableMessageError {
  if (contentType === '') return new UndecodableMessageError('no content type');
  if (isPickle(contentType)) {
    return new UndecodableMessageError('pickle is refused: reading it could run code from the sender');
  }
  const known = [...CONTENT_TYPES].find(([, type]) => type === contentType)?.[0];
  const cure = known === undefined ? '' : `. Add '${known}' to acceptContent to accept it`;
  return new UndecodableMessageError(
    `content type ${JSON.stringify(contentType.slice(0, 80))} is not accepted${cure}`,
  );
}

function unknownSerializer(name: string): string {
  const shown = JSON.stringify(name.slice(0, 80));
  if (isPickle(name)) return `${shown} is refused: reading pickle runs code. Use json, msgpack or yaml`;
  return CONTENT_TYPES.has(name)
    ? `${shown} is not opened. Add it to acceptContent, or make it the taskSerializer`
    : `unknown serializer ${shown}. Known: ${[...CONTENT_TYPES.keys()].join(', ')}`;
}
