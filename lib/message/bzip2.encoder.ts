import { BitWriter } from './bit-writer.js';
import { writeCoded } from './bzip2.huffman.js';
import { sortedRotations } from './bzip2.rotations.js';

/** In 100 000 bytes; what the header says, and what a reader makes room for. */
const LEVEL = 3;
/** The format's own reserve. */
const BLOCK_BYTES = LEVEL * 100_000 - 19;

const BLOCK_MAGIC = [0x314159, 0x265359] as const;
const END_MAGIC = [0x177245, 0x385090] as const;

/** The bytes as one bzip2 stream. */
export function bzip2(bytes: Uint8Array): Buffer {
  const out = new BitWriter(bytes.length >>> 1);
  for (const char of Buffer.from(`BZh${LEVEL}`)) out.put(char, 8);
  let combined = 0;
  for (let from = 0; from < bytes.length;) {
    const { block, end } = runsShortened(bytes, from);
    const checksum = crc(bytes.subarray(from, end));
    combined = ((combined << 1) | (combined >>> 31)) ^ checksum;
    writeBlock(out, block, checksum);
    from = end;
  }
  for (const half of END_MAGIC) out.put(half, 24);
  put32(out, combined);
  return out.finish();
}

/** A block of the data from here on: after four equal bytes stands how many more of them follow, at most 251. */
function runsShortened(
  bytes: Uint8Array,
  from: number,
): { readonly block: Uint8Array; readonly end: number } {
  const block = new Uint8Array(Math.min(BLOCK_BYTES, Math.ceil(((bytes.length - from) * 5) / 4)));
  let filled = 0;
  let end = from;
  while (end < bytes.length) {
    const byte = bytes[end] ?? 0;
    let run = 1;
    while (run < 255 && bytes[end + run] === byte) run++;
    if (filled + Math.min(run, 5) > block.length) break;
    block.fill(byte, filled, filled + Math.min(run, 4));
    filled += Math.min(run, 4);
    if (run >= 4) block[filled++] = run - 4;
    end += run;
  }
  return { block: block.subarray(0, filled), end };
}

function writeBlock(out: BitWriter, block: Uint8Array, checksum: number): void {
  const order = sortedRotations(block);
  for (const half of BLOCK_MAGIC) out.put(half, 24);
  put32(out, checksum);
  out.put(0, 1); // not randomised
  out.put(order.indexOf(0), 24);
  const used = usedBytes(block);
  writeUsed(out, used);
  const bytes = Array.from(used.keys()).filter((byte) => used[byte] === 1);
  writeCoded(out, movedToFront(block, order, bytes), bytes.length + 2);
}

function usedBytes(block: Uint8Array): Uint8Array {
  const used = new Uint8Array(256);
  for (const byte of block) used[byte] = 1;
  return used;
}

/** Sixteen bits for the sixteens in use, then sixteen for each of those. */
function writeUsed(out: BitWriter, used: Uint8Array): void {
  const sixteens = Array.from({ length: 16 }, (_, index) => used.subarray(index * 16, index * 16 + 16));
  for (const each of sixteens) out.put(each.includes(1) ? 1 : 0, 1);
  for (const each of sixteens) if (each.includes(1)) for (const bit of each) out.put(bit, 1);
}

/**
 * The last column of the sorted rotations, each byte as its place in a list with the last seen in front, zeros counted
 * in bijective base two (symbols 0 and 1, the lowest digit first), and the end.
 */
function movedToFront(block: Uint8Array, order: Uint32Array, alphabet: readonly number[]): Uint16Array {
  const recent = Uint8Array.from(alphabet);
  const symbols = new Uint16Array(block.length + 1);
  let written = 0;
  let zeros = 0;
  const flush = (): void => {
    for (; zeros > 0; zeros = (zeros - 1) >>> 1) symbols[written++] = (zeros - 1) & 1;
  };
  for (const start of order) {
    const byte = block[start === 0 ? block.length - 1 : start - 1] ?? 0;
    if (recent[0] === byte) {
      zeros++;
      continue;
    }
    flush();
    const place = recent.indexOf(byte);
    recent.copyWithin(1, 0, place);
    recent[0] = byte;
    symbols[written++] = place + 1;
  }
  flush();
  symbols[written++] = alphabet.length + 1;
  return symbols.subarray(0, written);
}

function put32(out: BitWriter, value: number): void {
  out.put(value >>> 16, 16);
  out.put(value & 0xffff, 16);
}

/** CRC-32 with its bits the other way round than zlib's. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0);
  return value;
});

function crc(bytes: Uint8Array): number {
  let value = -1;
  for (const byte of bytes) value = (value << 8) ^ (CRC_TABLE[(value >>> 24) ^ byte] ?? 0);
  return ~value >>> 0;
}
