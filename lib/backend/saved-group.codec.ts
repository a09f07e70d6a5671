import { UndecodableMessageError } from '../errors.js';
import type { Content } from '../message/content.js';
import { isRecord } from '../message/wire-fields.js';

/** Celery's document of a saved group, `{"result": [[id, parent], [member, …]]}` ⇄ that tuple. */
export class SavedGroupCodec {
  readonly #described: {
    readonly contentType: string;
    readonly contentEncoding: string;
    readonly compression: undefined;
  };

  constructor(
    private readonly content: Content,
    private readonly serializer: string,
  ) {
    const { contentType, contentEncoding } = content.encode(null, serializer);
    this.#described = { contentType, contentEncoding, compression: undefined };
  }

  encode(tuple: unknown): Buffer {
    return this.content.encode({ result: tuple }, this.serializer).body;
  }

  /** @throws UndecodableMessageError */
  decode(bytes: Buffer): unknown {
    const document = this.content.decode(bytes, this.#described);
    if (isRecord(document) && Object.hasOwn(document, 'result')) return document['result'];
    throw new UndecodableMessageError('the saved group is no {"result": …}');
  }
}
