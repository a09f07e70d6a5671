/** Longer texts match no pattern: names that come from outside have no business being longer. */
const LONGEST_TEXT = 1024;

/**
 * A shell pattern as Python's `fnmatch` reads it: `*` any run, `?` any one character, `[abc]`, `[a-z]`, `[!abc]`. A `[`
 * that is never closed stands for itself. Matches the whole text, in time linear in it for each `*`; no regexp is built.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = parse(pattern);
  return (text) => text.length <= LONGEST_TEXT && matches(parts, text);
}

type One = (character: string) => boolean;
type Part = One | '*';

function parse(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    const setEnd = character === '[' ? endOfSet(pattern, at) : -1;
    if (setEnd !== -1) {
      parts.push(oneOfSet(pattern.slice(at + 1, setEnd)));
      at = setEnd;
    } else if (character === '*') {
      if (parts.at(-1) !== '*') parts.push('*');
    } else if (character === '?') {
      parts.push(() => true);
    } else {
      parts.push((other) => other === character);
    }
  }
  return parts;
}

/** A `]` right after `[` or `[!` belongs to the set. */
function endOfSet(pattern: string, start: number): number {
  const first = pattern.charAt(start + 1) === '!' ? start + 2 : start + 1;
  return pattern.indexOf(']', pattern.charAt(first) === ']' ? first + 1 : first);
}

function oneOfSet(written: string): One {
  const negated = written.startsWith('!');
  const set = negated ? written.slice(1) : written;
  const singles = new Set<string>();
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < set.length; at += 1) {
    if (set.charAt(at + 1) === '-' && at + 2 < set.length) {
      ranges.push([set.charAt(at), set.charAt(at + 2)]);
      at += 2;
    } else {
      singles.add(set.charAt(at));
    }
  }
  return (character) =>
    (singles.has(character) || ranges.some(([low, high]) => low <= character && character <= high)) !==
    negated;
}

/** After a mismatch only the last `*` takes one character more, so nothing is tried twice for an earlier one. */
function matches(parts: readonly Part[], text: string): boolean {
  let part = 0;
  let star = -1;
  let starAt = 0;
  for (let at = 0; at < text.length;) {
    const expected = parts[part];
    if (expected === '*') {
      star = part;
      starAt = at;
      part += 1;
    } else if (expected?.(text.charAt(at)) === true) {
      part += 1;
      at += 1;
    } else if (star === -1) {
      return false;
    } else {
      part = star + 1;
      starAt += 1;
      at = starAt;
    }
  }
  return parts.slice(part).every((rest) => rest === '*');
}
