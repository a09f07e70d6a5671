import { RETURNS_HEADER } from './redis.envelope.js';

/**
 * Marks an envelope as handed out before, as kombu does (`headers.redelivered`, `delivery_info.redelivered`), and counts
 * the return; every other byte stays. What cannot be read as an envelope comes back unchanged.
 */
export function markRedelivered(raw: Buffer): Buffer {
  // One character a byte: JSON's own signs are ASCII, so positions hold for any content.
  const text = raw.toString('latin1');
  const top = membersOf(text, skipSpace(text, 0));
  const headers = nested(text, top, 'headers');
  const info = nested(text, nested(text, top, 'properties')?.members, 'delivery_info');
  if (headers === undefined) return raw;
  const returns = headers.members.get(RETURNS_HEADER);
  const count = returns === undefined ? 0 : Number(text.slice(returns.start, returns.end));
  const next = Number.isSafeInteger(count) && count >= 0 ? count + 1 : 1;
  const edits = [
    ...setMembers(headers, [
      ['redelivered', 'true'],
      [RETURNS_HEADER, String(next)],
    ]),
    ...(info === undefined ? [] : setMembers(info, [['redelivered', 'true']])),
  ];
  // From the back, so that earlier positions stay true.
  let marked = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    marked = marked.slice(0, edit.start) + edit.text + marked.slice(edit.end);
  }
  return Buffer.from(marked, 'latin1');
}

export interface HeldParts {
  /** The message, byte for byte. */
  readonly raw: Buffer;
  readonly exchange: string;
  readonly routingKey: string;
}

/** A held message (`[message, "exchange", "routing key"]`, ours or Python's) in its three parts; undefined when it is none. */
export function splitHeld(held: Buffer): HeldParts | undefined {
  const text = held.toString('latin1');
  if (text[0] !== '[') return undefined;
  // Ours end in `, "", "queue"]`; inside a JSON text that cannot occur, its quotes would be escaped. So a message that
  // is no JSON at all is found too.
  const ours = text.lastIndexOf(', "", "');
  return (ours > 0 ? splitAt(held, ours) : undefined) ?? splitAt(held, endOfValue(text, skipSpace(text, 1)));
}

function splitAt(held: Buffer, end: number | undefined): HeldParts | undefined {
  if (end === undefined) return undefined;
  try {
    const rest: unknown = JSON.parse(`[null${held.toString('utf8', end)}`);
    if (!Array.isArray(rest) || rest.length !== 3) return undefined;
    const [exchange, routingKey] = rest
      .slice(1)
      .map((part: unknown) => (typeof part === 'string' ? part : ''));
    return { raw: held.subarray(1, end), exchange: exchange ?? '', routingKey: routingKey ?? '' };
  } catch {
    return undefined;
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface ObjectSpan extends Span {
  readonly members: ReadonlyMap<string, Span>;
}

interface Edit extends Span {
  readonly text: string;
}

/** Replaces members that are there and adds the others in one piece. */
function setMembers(object: ObjectSpan, values: readonly (readonly [name: string, value: string])[]): Edit[] {
  const edits: Edit[] = [];
  const added: string[] = [];
  for (const [name, value] of values) {
    const present = object.members.get(name);
    if (present === undefined) added.push(`"${name}": ${value}`);
    else edits.push({ ...present, text: value });
  }
  if (added.length > 0) {
    const at = object.start + 1;
    edits.push({ start: at, end: at, text: added.join(', ') + (object.members.size > 0 ? ', ' : '') });
  }
  return edits;
}

function nested(
  text: string,
  members: ReadonlyMap<string, Span> | undefined,
  name: string,
): ObjectSpan | undefined {
  const span = members?.get(name);
  if (span === undefined) return undefined;
  const inner = membersOf(text, span.start);
  return inner === undefined ? undefined : { ...span, members: inner };
}

/** The members of the object that starts at `at`, the last of equal names; undefined when none starts there. */
function membersOf(text: string, at: number): ReadonlyMap<string, Span> | undefined {
  if (text[at] !== '{') return undefined;
  const members = new Map<string, Span>();
  let position = skipSpace(text, at + 1);
  if (text[position] === '}') return members;
  for (;;) {
    const nameEnd = endOfText(text, position);
    if (nameEnd === undefined) return undefined;
    const colon = skipSpace(text, nameEnd);
    if (text[colon] !== ':') return undefined;
    const start = skipSpace(text, colon + 1);
    const end = endOfValue(text, start);
    if (end === undefined) return undefined;
    members.set(text.slice(position + 1, nameEnd - 1), { start, end });
    position = skipSpace(text, end);
    if (text[position] === '}') return members;
    if (text[position] !== ',') return undefined;
    position = skipSpace(text, position + 1);
  }
}

/** Position after the JSON value that starts at `at`. Does not check what is inside; does not recurse. */
function endOfValue(text: string, at: number): number | undefined {
  let depth = 0;
  let position = at;
  while (position < text.length) {
    const sign = text[position];
    if (sign === '"') {
      const end = endOfText(text, position);
      if (end === undefined) return undefined;
      position = end;
      if (depth === 0) return position;
      continue;
    }
    if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') {
      if (depth === 0) return position > at ? position : undefined;
      depth -= 1;
      if (depth === 0) return position + 1;
    } else if (depth === 0 && (sign === ',' || isSpace(sign))) return position > at ? position : undefined;
    position += 1;
  }
  return depth === 0 && position > at ? position : undefined;
}

function endOfText(text: string, at: number): number | undefined {
  if (text[at] !== '"') return undefined;
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return undefined;
}

function skipSpace(text: string, at: number): number {
  let position = at;
  while (isSpace(text[position])) position += 1;
  return position;
}

function isSpace(sign: string | undefined): boolean {
  return sign === ' ' || sign === '\n' || sign === '\r' || sign === '\t';
}
