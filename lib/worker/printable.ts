/**
 * Text from outside, fit for one line of a log: control characters, line ends and invisible ones are escaped, and what is
 * too long is cut.
 */
export function printable(text: string, longest = LONGEST): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}...` : text;
  return UNSAFE.test(cut) ? cut.replace(EVERY_UNSAFE, escaped) : cut;
}

const LONGEST = 1_024;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const EVERY_UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
