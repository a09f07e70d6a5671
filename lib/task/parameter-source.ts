/** A parameter as the source writes it. */
export interface WrittenParameter {
  /** Undefined for a destructured one. */
  readonly name: string | undefined;
  /** It has a default. */
  readonly optional: boolean;
  readonly rest: boolean;
}

/**
 * The parameters of a function from its source. Knows every form `Function.prototype.toString` gives: functions, methods
 * (also with string or computed names), async, generators and arrows. Undefined where there is no source to read (native
 * and bound functions).
 */
export function readParameters(source: string): readonly WrittenParameter[] | undefined {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) return undefined;
  const reader = new SourceReader(source);
  let lastWord = '';
  while (!reader.atEnd) {
    const piece = reader.next();
    if (piece === '(') return readList(reader);
    if (piece === '[') skipToClosing(reader);
    else if (piece === '=>') return [{ name: lastWord, optional: false, rest: false }];
    else if (WORD.test(piece)) lastWord = piece;
  }
  return undefined;
}

const LEADING_WORD = /^[\p{ID_Continue}$\u200c\u200d]+/u;
const LONGEST_WORD = 256;
const WORD = /^[\p{ID_Continue}$\u200c\u200d]+$/u;

/** Up to the closing parenthesis, one parameter per comma of the outermost level. */
function readList(reader: SourceReader): WrittenParameter[] {
  const parameters: WrittenParameter[] = [];
  let pieces: string[] = [];
  const finish = (): void => {
    if (pieces.length > 0) parameters.push(readParameter(pieces));
    pieces = [];
  };
  for (let depth = 0; !reader.atEnd;) {
    const piece = reader.next();
    if (depth === 0 && piece === ')') break;
    if (depth === 0 && piece === ',') finish();
    else {
      // What stands inside brackets, and the spaces, say nothing about the parameter itself.
      if (depth === 0 && piece.trim() !== '') pieces.push(piece);
      depth += step(piece);
    }
  }
  finish();
  return parameters;
}

/** @param pieces `to`, `=`, `"x"`; or `.`, `.`, `.`, `rest`; or `{`, `=`, `{` */
function readParameter(pieces: readonly string[]): WrittenParameter {
  const first = pieces.find((piece) => piece !== '.') ?? '';
  return {
    name: WORD.test(first) ? first : undefined,
    optional: pieces.includes('='),
    rest: pieces[0] === '.',
  };
}

function skipToClosing(reader: SourceReader): void {
  for (let depth = 1; depth > 0 && !reader.atEnd;) depth += step(reader.next());
}

function step(piece: string): number {
  if (piece === '(' || piece === '[' || piece === '{') return 1;
  return piece === ')' || piece === ']' || piece === '}' ? -1 : 0;
}

/**
 * Cuts JavaScript into pieces in which brackets and commas mean what they look like: a string, a template, a regular
 * expression and a word are one piece each; a comment is a space.
 */
class SourceReader {
  #at = 0;
  /** The last piece that was no space: tells a regular expression from a division. */
  #before = '';

  constructor(private readonly source: string) {}

  get atEnd(): boolean {
    return this.#at >= this.source.length;
  }

  next(): string {
    const start = this.#at;
    this.#at = this.#endOfPiece(start);
    const piece = this.source.slice(start, this.#at);
    if (piece.startsWith('//') || piece.startsWith('/*')) return ' ';
    if (piece.trim() !== '') this.#before = piece;
    return piece;
  }

  #endOfPiece(start: number): number {
    const { source } = this;
    const character = source.charAt(start);
    if (source.startsWith('//', start)) return this.#after('\n', start + 2);
    if (source.startsWith('/*', start)) return this.#after('*/', start + 2);
    if (character === '"' || character === "'") return this.#endOfQuoted(start, character);
    if (character === '`') return this.#endOfTemplate(start);
    if (character === '/' && this.#regexpMayStart()) return this.#endOfRegexp(start);
    if (source.startsWith('=>', start)) return start + 2;
    return start + (LEADING_WORD.exec(source.slice(start, start + LONGEST_WORD))?.[0].length ?? 1);
  }

  #after(mark: string, from: number): number {
    const found = this.source.indexOf(mark, from);
    return found === -1 ? this.source.length : found + mark.length;
  }

  #endOfQuoted(start: number, quote: string): number {
    for (let at = start + 1; at < this.source.length; at += 1) {
      const character = this.source.charAt(at);
      if (character === '\\') at += 1;
      else if (character === quote) return at + 1;
    }
    return this.source.length;
  }

  /** `${…}` holds source again, with strings and templates of its own. */
  #endOfTemplate(start: number): number {
    for (let at = start + 1; at < this.source.length; at += 1) {
      const character = this.source.charAt(at);
      if (character === '`') return at + 1;
      if (character === '\\') at += 1;
      else if (this.source.startsWith('${', at)) {
        const inner = new SourceReader(this.source);
        inner.#at = at + 2;
        skipToClosing(inner);
        at = inner.#at - 1;
      }
    }
    return this.source.length;
  }

  #endOfRegexp(start: number): number {
    let inSet = false;
    for (let at = start + 1; at < this.source.length; at += 1) {
      const character = this.source.charAt(at);
      if (character === '\\') at += 1;
      else if (character === '[') inSet = true;
      else if (character === ']') inSet = false;
      else if (character === '/' && !inSet) return at + 1;
      else if (character === '\n') return start + 1;
    }
    return start + 1;
  }

  #regexpMayStart(): boolean {
    const before = this.#before;
    if (/^(return|typeof|case|in|of|void|delete|instanceof|new|yield|await)$/.test(before)) return true;
    return !WORD.test(before) && !/^[)\]}"'`]/.test(before);
  }
}
