import { UndecodableMessageError } from '../errors.js';

export interface JsonLimits {
  /** Nesting of arrays and objects. */
  readonly maxDepth: number;
  /** Items of arrays and members of objects, together. */
  readonly maxElements: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;
/** Integers of fewer digits are below 2^53. */
const LONG_NUMBER_DIGITS = 16;

/**
 * One look over the bytes before anything is parsed: bounds what parsing can cost, and says whether `JSON.parse` reads
 * the text exactly. It does not where there are NaN or Infinity, long integers, or strings that begin with two
 * underscores (`__proto__`, kombu's `__type__`), written plainly or escaped.
 * @throws UndecodableMessageError
 */
export function isPlainJson(bytes: Buffer, { maxDepth, maxElements }: JsonLimits): boolean {
  const strings = new StringScan(bytes);
  let plain = true;
  let depth = 0;
  let elements = 0;
  let digits = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      digits = 0;
      if (bytes[at + 1] === UNDERSCORE && bytes[at + 2] === UNDERSCORE) plain = false;
      // Most strings are short, and are not worth a call.
      const near = Math.min(at + LONG_STRING_BYTES, bytes.length - 1);
      at += 1;
      while (at < near && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at += 1;
      if (bytes[at] !== QUOTE) at = strings.endFrom(at);
    } else if (byte >= 0x30 && byte <= 0x39) {
      digits += 1;
      if (digits === LONG_NUMBER_DIGITS) plain = false;
    } else if (byte === COMMA) {
      digits = 0;
      elements += 1;
      if (elements === maxElements) throw new UndecodableMessageError(`more than ${maxElements} elements`);
    } else if (byte === 0x2e) {
      // Every digit of a fraction is read as `JSON.parse` reads it.
      digits = Number.NEGATIVE_INFINITY;
    } else {
      digits = 0;
      if (byte === 0x5b || byte === 0x7b) {
        depth += 1;
        if (depth > maxDepth) throw new UndecodableMessageError(`nested deeper than ${maxDepth} levels`);
      } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
      else if (byte === 0x4e || byte === 0x49) plain = false;
    }
  }
  return plain && !strings.haveEscapedUnderscore;
}

/** From here on a search by the machine is faster than a look at each byte. */
const LONG_STRING_BYTES = 32;

/** Finds the ends of strings, from the first to the last. */
class StringScan {
  haveEscapedUnderscore = false;
  /** Both are searched for once and kept until they are passed, or strings full of the one would be searched for the other again and again. */
  #nextQuote = -1;
  #nextBackslash = -1;

  constructor(private readonly bytes: Buffer) {}

  /** Where the string closes that `at` is in; the end of everything when it does not. */
  endFrom(at: number): number {
    const { bytes } = this;
    let plainBytes = 0;
    while (at < bytes.length && bytes[at] !== QUOTE) {
      if (bytes[at] === BACKSLASH) {
        if (isEscapedUnderscore(bytes, at)) this.haveEscapedUnderscore = true;
        at += 2;
        plainBytes = 0;
      } else if (plainBytes < LONG_STRING_BYTES) {
        at += 1;
        plainBytes += 1;
      } else {
        at = this.#nextSpecial(at);
      }
    }
    return at;
  }

  /** The next quote or backslash. */
  #nextSpecial(from: number): number {
    if (this.#nextQuote < from) this.#nextQuote = this.#search(QUOTE, from);
    if (this.#nextBackslash < from) this.#nextBackslash = this.#search(BACKSLASH, from);
    return Math.min(this.#nextQuote, this.#nextBackslash);
  }

  #search(byte: number, from: number): number {
    const found = this.bytes.indexOf(byte, from);
    return found === -1 ? this.bytes.length : found;
  }
}

/** `\u005f`, in either case. */
function isEscapedUnderscore(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 1] === 0x75 &&
    bytes[at + 2] === 0x30 &&
    bytes[at + 3] === 0x30 &&
    bytes[at + 4] === 0x35 &&
    ((bytes[at + 5] ?? 0) | 0x20) === 0x66
  );
}
