import { isUtf8 } from 'node:buffer';
import type { CST, Document, Lexer, Parser, ScalarTag, Tags } from 'yaml';
import { UndecodableMessageError } from '../errors.js';
import { loadPeer } from '../runtime/peer.js';
import type { JsonLimits } from './json.scan.js';
import type { JsonOptions } from './json.serializer.js';
import { writeExactly } from './json.writer.js';
import { isUnsafeInteger, toPlainData } from './plain-data.js';
import type { Serializer } from './serializer.js';
import { plainReplacer } from './typed-values.js';

/** Reading YAML takes some hundred times as long as JSON, and the worker does nothing else meanwhile. */
const MAX_BYTES = 256 * 1024;
/** Uses of one anchor, and of those in it. */
const MAX_ALIASES = 100;
/** In all. */
const MAX_ALIAS_TOKENS = 1_000;
/** Entries of the parser's stack for one level of nesting, at most. */
const STACKED_PER_LEVEL = 3;

/**
 * YAML by the package `yaml`: the core schema, none but YAML's own tags, few aliases. Dates and decimals are written as
 * text. Bodies are read up to 256 KiB.
 * @throws MissingPackageError
 */
export async function openYaml(options: JsonOptions): Promise<Serializer> {
  const { Composer, Lexer, Parser } = await loadPeer('yaml', 'Serializer "yaml"', () => import('yaml'));
  const replace = plainReplacer(options.types);
  return {
    name: 'yaml',
    contentType: 'application/x-yaml',
    contentEncoding: 'utf-8',
    encode: (value) => Buffer.from(yamlText(toPlainData(value, replace))),
    decode(bytes) {
      if (bytes.length > MAX_BYTES) refuse(`it is longer than ${MAX_BYTES} bytes`);
      if (!isUtf8(bytes)) refuse('not UTF-8');
      const tokens = boundedTokens(new Lexer(), new Parser(), bytes.toString('utf8'), options.maxDepth);
      checkDepth(tokens, options.maxDepth);
      const [document, second] = new Composer(COMPOSING).compose(tokens);
      if (document === undefined || second !== undefined) return refuse('it is not one document');
      const problem = document.errors[0] ?? document.warnings[0];
      if (problem !== undefined) refuse(problem.code);
      return new Copier(options).copy(resolved(document), 0);
    },
  };
}

const COMPOSING = {
  schema: 'core',
  customTags: asPythonWrites,
  intAsBigInt: true,
  merge: false,
  prettyErrors: false,
  logLevel: 'silent',
  // Its check takes time that grows with the square of their number. As in Python, the last one wins.
  uniqueKeys: false,
} as const;

function resolved(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    return refuse('an alias of nothing, or too many of them', cause);
  }
}

/** Python's YAML 1.1 leaves the texts `0o14` and `1e3` without quotes: to it they are no numbers. */
function asPythonWrites(tags: Tags): Tags {
  return tags
    .filter((tag) => !isFormat(tag, 'OCT'))
    .map((tag) => (isFormat(tag, 'EXP') ? { ...tag, test: PYTHON_EXPONENT } : tag));
}

const PYTHON_EXPONENT = /^(?:[-+]?[0-9]+)?\.[0-9]*[eE][-+][0-9]+$/;

function isFormat(tag: Tags[number], format: string): tag is ScalarTag {
  return typeof tag === 'object' && 'format' in tag && tag.format === format;
}

/** Gives up as soon as too much is open, or referred to: a parser that runs to the end of such a text takes long. */
function boundedTokens(lexer: Lexer, parser: Parser, text: string, maxDepth: number): CST.Token[] {
  const tokens: CST.Token[] = [];
  let aliases = 0;
  for (const lexeme of lexer.lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > maxDepth * STACKED_PER_LEVEL) refuse(`nested deeper than ${maxDepth} levels`);
    if (lexeme.startsWith('*')) aliases += 1;
    if (aliases > MAX_ALIAS_TOKENS) refuse(`more than ${MAX_ALIAS_TOKENS} aliases`);
  }
  tokens.push(...parser.end());
  return tokens;
}

/** What follows the parser calls itself for each level, and V8 aborts the process where that meets a regular expression. */
function checkDepth(tokens: readonly CST.Token[], maxDepth: number): void {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > maxDepth) refuse(`nested deeper than ${maxDepth} levels`);
    if ('value' in token && token.value !== undefined) open.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const { key, value } of token.items) {
      if (key !== undefined && key !== null) open.push({ token: key, depth: depth + 1 });
      if (value !== undefined) open.push({ token: value, depth: depth + 1 });
    }
  }
}

/** Integers that fit become numbers; what is no data is refused. */
class Copier {
  #elements = 0;

  constructor(private readonly limits: JsonLimits) {}

  copy(value: unknown, depth: number): unknown {
    const { maxDepth, maxElements } = this.limits;
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    if (value instanceof Uint8Array) return Buffer.from(value);
    if (depth > maxDepth) refuse(`nested deeper than ${maxDepth} levels`);
    const size = Object.keys(value).length;
    this.#elements += size;
    if (this.#elements > maxElements) refuse(`more than ${maxElements} elements`);
    if (Array.isArray(value)) return value.map((item) => this.copy(item, depth + 1));
    if (Object.getPrototypeOf(value) !== Object.prototype) refuse('it holds a value that is no data');
    const members: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      if (name === '__proto__') refuse('a "__proto__" key is refused');
      members[name] = this.copy(member, depth + 1);
    }
    return members;
  }
}

/**
 * JSON is YAML, and leaves no text in a form that readers of YAML 1.1, such as Python's, take for a date or a truth.
 * But they refuse some characters that JSON leaves as they are, and take others for ends of lines.
 */
function yamlText(value: unknown): string {
  const json = writeExactly(value, yamlNumber);
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** To YAML 1.1 a number is a float only with a point. */
function yamlNumber(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = JSON.stringify(value);
  if (isUnsafeInteger(value)) return `${text}.0`;
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
}

function refuse(problem: string, cause?: unknown): never {
  throw new UndecodableMessageError(`invalid YAML: ${problem}`, cause);
}
