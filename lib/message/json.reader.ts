import { isAscii, isUtf8 } from 'node:buffer';
import { UndecodableMessageError } from '../errors.js';
import { isPlainJson, type JsonLimits } from './json.scan.js';

/** Turns an object of exactly `__type__` and `__value__` into the value it stands for. */
export type Revive = (type: unknown, value: unknown) => unknown;

/**
 * Reads JSON as Python writes it: integers beyond 2^53 become bigint, NaN and Infinity are read, typed values go through
 * `revive`, and a `__proto__` key is refused. As fast as `JSON.parse` where that loses nothing.
 * @throws UndecodableMessageError
 */
export function readJson(bytes: Buffer, limits: JsonLimits, revive?: Revive): unknown {
  const isAsciiOnly = isAscii(bytes);
  if (!isAsciiOnly && !isUtf8(bytes)) throw new UndecodableMessageError('invalid JSON: not UTF-8');
  const plain = isPlainJson(bytes, limits);
  // The same text, sooner.
  const text = bytes.toString(isAsciiOnly ? 'latin1' : 'utf8');
  if (!plain) return new ExactReader(text, revive).read();
  try {
    return JSON.parse(text);
  } catch {
    // Its messages quote the text, which may hold secrets. This one says where.
    return new ExactReader(text, revive).read();
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
/** As Python's own bound: reading longer ones takes time that grows with the square of their length. */
const LONGEST_INTEGER = 4300;
const NEEDS_PARSING = /[\\\p{Cc}]/u;

/** The slow road. The text's depth has been bounded before. */
class ExactReader {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly revive: Revive | undefined,
  ) {}

  read(): unknown {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.text.length) this.#fail('the end');
    return value;
  }

  #value(): unknown {
    this.#skipSpace();
    switch (this.text[this.#at]) {
      case '"':
        return this.#string();
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      case 'N':
        return this.#word('NaN', Number.NaN);
      case 'I':
        return this.#word('Infinity', Number.POSITIVE_INFINITY);
      case '-':
        return this.text[this.#at + 1] === 'I'
          ? this.#word('-Infinity', Number.NEGATIVE_INFINITY)
          : this.#number();
      default:
        return this.#number();
    }
  }

  #array(): unknown[] {
    this.#at += 1;
    const items: unknown[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value());
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('"," or "]"');
    return items;
  }

  #object(): unknown {
    this.#at += 1;
    const members: Record<string, unknown> = {};
    if (this.#take('}')) return members;
    do {
      this.#skipSpace();
      if (this.text[this.#at] !== '"') this.#fail('a name in quotes');
      const name = this.#string();
      if (name === '__proto__') throw new UndecodableMessageError('a "__proto__" key is refused');
      if (!this.#take(':')) this.#fail('":"');
      members[name] = this.#value();
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('"," or "}"');
    return this.revive !== undefined && isTyped(members)
      ? this.revive(members['__type__'], members['__value__'])
      : members;
  }

  #string(): string {
    const start = this.#at;
    let end = this.text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end === -1) return this.#fail('the end of a string');
    this.#at = end + 1;
    const plain = this.text.slice(start + 1, end);
    if (!NEEDS_PARSING.test(plain)) return plain;
    try {
      return String(JSON.parse(this.text.slice(start, end + 1)));
    } catch {
      this.#at = start;
      return this.#fail('a valid string');
    }
  }

  /** An odd number of backslashes stands before it. */
  #isEscaped(quote: number): boolean {
    let before = quote - 1;
    while (this.text[before] === '\\') before -= 1;
    return (quote - before) % 2 === 0;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const [found, fraction, exponent] = NUMBER.exec(this.text) ?? this.#fail('a value');
    this.#at = NUMBER.lastIndex;
    const read = Number(found);
    if (fraction !== undefined || exponent !== undefined || Number.isSafeInteger(read)) return read;
    if (found.length > LONGEST_INTEGER) {
      throw new UndecodableMessageError(`an integer of more than ${LONGEST_INTEGER} digits`);
    }
    return BigInt(found);
  }

  #word<T>(word: string, meaning: T): T {
    if (!this.text.startsWith(word, this.#at)) return this.#fail('a value');
    this.#at += word.length;
    return meaning;
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    // Most places have one space or none.
    if (this.text[this.#at] === ' ') this.#at += 1;
    if (this.text.charCodeAt(this.#at) > 0x20) return;
    SPACE.lastIndex = this.#at;
    SPACE.test(this.text);
    this.#at = SPACE.lastIndex;
  }

  #fail(expected: string): never {
    throw new UndecodableMessageError(`invalid JSON: expected ${expected} at character ${this.#at}`);
  }
}

function isTyped(members: Readonly<Record<string, unknown>>): boolean {
  return (
    Object.hasOwn(members, '__type__') &&
    Object.hasOwn(members, '__value__') &&
    Object.keys(members).length === 2
  );
}
