/**
 * The content a process writes and accepts: serializers by content type, compressions by name, and the limits
 * every byte from outside is held to. Built once from options by `openContent` (content.factory.ts).
 */
export interface Content {
  /**
   * Value → body bytes. Reads names as users write them: `json`; `gzip`.
   * @throws EncodeError, InvalidOptionError for an unknown serializer or compression
   */
  encode(value: unknown, serializer: string, compression?: string): EncodedBody;

  /**
   * Body bytes → value: decompresses, checks the content type against `acceptContent`, then decodes.
   * @throws UndecodableMessageError that says which check failed
   */
  decode(body: Buffer, described: BodyDescription): unknown;

  /** The serializer's name for a content type: `json` for `application/json`; undefined when unknown. */
  serializerOf(contentType: string): string | undefined;

  /** The compression to send a message on with that came with this `compression` header; undefined: none that is known here. */
  compressionOf(header: string): string | undefined;
}

export interface EncodedBody {
  readonly body: Buffer;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Value of the `compression` header, MIME type as kombu writes it; undefined when not compressed. */
  readonly compression: string | undefined;
}

export interface BodyDescription {
  readonly contentType: string;
  readonly contentEncoding: string;
  /** The `compression` header as received: MIME type or alias. */
  readonly compression: string | undefined;
}
