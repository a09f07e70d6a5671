/** One way to compress. Pure; holds nothing between calls. */
export interface Compression {
  /** As users and kombu name it; the first is the usual one. */
  readonly names: readonly string[];
  /** What kombu writes in the `compression` header. */
  readonly mimeType: string;
  compress(bytes: Buffer): Buffer;
  /**
   * Stops as soon as there would be more than `maxBytes`.
   * @throws RangeError then; another error when the data is corrupt
   */
  decompress(bytes: Buffer, maxBytes: number): Buffer;
}
