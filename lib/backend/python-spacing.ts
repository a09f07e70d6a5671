/** A string, or what Python puts a space after. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[,:]/g;
/** All that is not printable ASCII. */
const ESCAPED = /[^ -~]/g;

/** Compact JSON as Python's `json.dumps` spells the same: a space after `,` and `:`, ASCII alone. */
export function pythonSpacing(json: Buffer): Buffer {
  const spaced = json.toString('utf8').replace(TOKENS, (token) => {
    if (token.length === 1) return `${token} `;
    return token.replace(ESCAPED, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  });
  return Buffer.from(spaced, 'latin1');
}
