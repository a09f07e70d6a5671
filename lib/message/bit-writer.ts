/** Bits in a row, the most significant first. */
export class BitWriter {
  #bytes: Buffer;
  #length = 0;
  #pending = 0;
  #pendingBits = 0;

  /** @param expectedBytes room to begin with; it grows */
  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(64, expectedBytes));
  }

  /** @param count of bits, at most 24 */
  put(value: number, count: number): void {
    this.#pending = (this.#pending << count) | value;
    this.#pendingBits += count;
    while (this.#pendingBits >= 8) {
      this.#pendingBits -= 8;
      this.#append(this.#pending >>> this.#pendingBits);
      this.#pending &= (1 << this.#pendingBits) - 1;
    }
  }

  /** All bytes, the last one filled up with zero bits. */
  finish(): Buffer {
    if (this.#pendingBits > 0) this.put(0, 8 - this.#pendingBits);
    return this.#bytes.subarray(0, this.#length);
  }

  #append(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = Buffer.allocUnsafe(this.#bytes.length * 2);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = byte;
  }
}
