import { isPlainData, isUnsafeInteger, toPlainData, type Replace } from './plain-data.js';

/**
 * JSON as Python writes and reads it: bigint as an integer, NaN and Infinity as bare words, other objects through
 * `replace`. A number beyond 2^53 is written as the float it is, so that it is read back as one.
 * @throws EncodeError naming the path of what has no form
 */
export function writeJson(value: unknown, replace?: Replace): string {
  if (isPlainData(value)) return JSON.stringify(value) ?? 'null';
  const plain = toPlainData(value, replace);
  return isPlainData(plain) ? JSON.stringify(plain) : writeExactly(plain, exactNumber);
}

/** Plain data as JSON, its numbers as `number` writes them. */
export function writeExactly(value: unknown, number: (value: number) => string): string {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => writeExactly(item, number)).join(',')}]`;
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${writeExactly(member, number)}`,
  );
  return `{${members.join(',')}}`;
}

function exactNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value);
  return isUnsafeInteger(value) ? `${text}.0` : text;
}
