/** Turns values into the bytes of one content type and back. Pure; holds nothing between calls. */
export interface Serializer {
  /** As in `taskSerializer`: `json`. */
  readonly name: string;
  readonly contentType: string;
  readonly contentEncoding: 'utf-8' | 'binary';
  /** @throws EncodeError when the value has no form in this serializer */
  encode(value: unknown): Buffer;
  /**
   * Hostile input is expected: nothing it holds may reach a prototype, and its depth is bounded.
   * @throws UndecodableMessageError
   */
  decode(bytes: Buffer): unknown;
}
