import { UndecodableMessageError } from '../errors.js';
import type { JsonLimits } from './json.scan.js';

/** Bytes that follow the heads of numbers. */
const PAYLOADS = new Map([
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
]);
/** Heads that are followed by a length: its bytes, and what it counts. */
const LENGTHS = new Map<number, readonly [bytes: 1 | 2 | 4, of: 'bytes' | 'items' | 'pairs']>([
  [0xc4, [1, 'bytes']],
  [0xc5, [2, 'bytes']],
  [0xc6, [4, 'bytes']],
  [0xd9, [1, 'bytes']],
  [0xda, [2, 'bytes']],
  [0xdb, [4, 'bytes']],
  [0xdc, [2, 'items']],
  [0xdd, [4, 'items']],
  [0xde, [2, 'pairs']],
  [0xdf, [4, 'pairs']],
]);
/** Timestamps, the one extension that is read: head bytes, the type -1 included. */
const TIMESTAMPS: readonly (readonly [head: readonly number[], payload: number])[] = [
  [[0xd6, 0xff], 4],
  [[0xd7, 0xff], 8],
  [[0xc7, 12, 0xff], 12],
];

/**
 * Walks over the structure without building it. A head byte may claim a list of billions, and decoders make room for
 * it at once: nothing is decoded before every claim is known to be kept.
 * @throws UndecodableMessageError
 */
export function checkMsgpack(bytes: Buffer, { maxDepth, maxElements }: JsonLimits): void {
  /** Values still to come, by depth. */
  const open = [1];
  let at = 0;
  let elements = 0;
  while (open.length > 0) {
    const level = open.length - 1;
    const left = open[level] ?? 0;
    if (left === 0) {
      open.pop();
      continue;
    }
    open[level] = left - 1;
    const { size, values } = headAt(bytes, at);
    at += size;
    if (at > bytes.length || values > bytes.length - at) refuse('it ends too early');
    if (values === 0) continue;
    elements += values;
    if (elements > maxElements) refuse(`more than ${maxElements} elements`);
    if (open.length > maxDepth) refuse(`nested deeper than ${maxDepth} levels`);
    open.push(values);
  }
  if (at < bytes.length) refuse(`${bytes.length - at} bytes after its end`);
}

interface Head {
  /** Bytes of the head and of its payload. */
  readonly size: number;
  /** Values that follow inside it. */
  readonly values: number;
}

function headAt(bytes: Buffer, at: number): Head {
  const head = bytes[at];
  if (head === undefined) return refuse('it ends too early');
  if (head < 0x80 || head >= 0xe0) return { size: 1, values: 0 };
  if (head < 0x90) return { size: 1, values: (head & 0x0f) * 2 };
  if (head < 0xa0) return { size: 1, values: head & 0x0f };
  if (head < 0xc0) return { size: 1 + (head & 0x1f), values: 0 };
  if (head === 0xc0 || head === 0xc2 || head === 0xc3) return { size: 1, values: 0 };
  const payload = PAYLOADS.get(head);
  if (payload !== undefined) return { size: 1 + payload, values: 0 };
  const length = LENGTHS.get(head);
  return length === undefined ? timestampAt(bytes, at) : lengthAt(bytes, at, ...length);
}

function lengthAt(bytes: Buffer, at: number, width: 1 | 2 | 4, of: 'bytes' | 'items' | 'pairs'): Head {
  if (at + 1 + width > bytes.length) return refuse('it ends too early');
  const length = bytes.readUIntBE(at + 1, width);
  if (of === 'bytes') return { size: 1 + width + length, values: 0 };
  return { size: 1 + width, values: of === 'items' ? length : length * 2 };
}

function timestampAt(bytes: Buffer, at: number): Head {
  const found = TIMESTAMPS.find(([head]) => head.every((byte, index) => bytes[at + index] === byte));
  if (found === undefined) return refuse(`extension types are refused (0x${bytes[at]?.toString(16)})`);
  return { size: found[0].length + found[1], values: 0 };
}

function refuse(problem: string): never {
  throw new UndecodableMessageError(`invalid msgpack: ${problem}`);
}
