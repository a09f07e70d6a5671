import { UndecodableMessageError } from '../errors.js';
import type { Content } from '../message/content.js';
import { toRemoteError } from '../message/remote-error.js';
import type { SignatureDict } from '../message/signature.js';
import { signatureField } from '../message/wire-fields.js';
import type { ChordPart, EndedPart } from './chord-store.js';
import { pythonSpacing } from './python-spacing.js';
import { EXCEPTION_STATES } from './result-backend.js';
import { errorOf } from './task-meta.codec.js';

/** Celery's `[1, task_id, state, result]` of a chord's part ⇄ EndedPart, in the serializer that results are written in. */
export class ChordPartCodec {
  readonly contentType: string;
  readonly #contentEncoding: string;

  constructor(
    private readonly content: Content,
    private readonly serializer: string,
  ) {
    const { contentType, contentEncoding } = content.encode(null, serializer);
    this.contentType = contentType;
    this.#contentEncoding = contentEncoding;
  }

  /**
   * In JSON the very bytes that Python writes: to its workers the text is what tells one part from another.
   * @throws EncodeError when the result has no form in the serializer
   */
  encodePart({ taskId, state, result }: Pick<ChordPart, 'taskId' | 'state' | 'result'>): Buffer {
    const bytes = this.content.encode([1, taskId, state, result ?? null], this.serializer).body;
    return this.contentType === 'application/json' ? pythonSpacing(bytes) : bytes;
  }

  /** Never throws: a part that cannot be read has failed, and the chord with it. */
  decodePart(member: Buffer): EndedPart {
    try {
      const part = this.#decode(member);
      if (!Array.isArray(part) || typeof part[1] !== 'string' || typeof part[2] !== 'string')
        throw new UndecodableMessageError('it is no [1, task id, state, result]');
      const [, taskId, state, result]: readonly unknown[] = part;
      return {
        taskId: String(taskId),
        state: String(state),
        result: EXCEPTION_STATES.has(String(state)) ? errorOf(result) : (result ?? null),
      };
    } catch (error) {
      return { taskId: '', state: 'FAILURE', result: toRemoteError(error) };
    }
  }

  encodeBody(body: SignatureDict): Buffer {
    return this.content.encode(body, this.serializer).body;
  }

  /** @throws UndecodableMessageError */
  decodeBody(bytes: Buffer): SignatureDict {
    return signatureField(this.#decode(bytes), 'the body of the chord');
  }

  #decode(bytes: Buffer): unknown {
    const { contentType } = this;
    return this.content.decode(bytes, {
      contentType,
      contentEncoding: this.#contentEncoding,
      compression: undefined,
    });
  }
}
