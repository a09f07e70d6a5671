import type { BitWriter } from './bit-writer.js';

/** The format takes up to 20; nothing is gained beyond this. */
const MAX_CODE_BITS = 17;
/** Symbols coded by one table before the next is chosen. */
const GROUP = 50;
/** Times the tables are fitted to the groups that chose them. */
const FITTINGS = 4;

/** Code lengths, in bits, by symbol. */
type Lengths = Uint8Array;

/** Writes the tables, which group of symbols uses which, and the symbols. */
export function writeCoded(out: BitWriter, symbols: Uint16Array, alphabet: number): void {
  const { tables, selectors } = fitted(symbols, alphabet);
  out.put(tables.length, 3);
  out.put(selectors.length, 15);
  writeSelectors(out, selectors, tables.length);
  for (const lengths of tables) writeLengths(out, lengths);
  const codes = tables.map(canonicalCodes);
  for (const [index, symbol] of symbols.entries()) {
    const table = selectors[Math.floor(index / GROUP)] ?? 0;
    out.put(codes[table]?.[symbol] ?? 0, tables[table]?.[symbol] ?? 0);
  }
}

/** Tables and the groups that use them, made to fit each other. */
function fitted(
  symbols: Uint16Array,
  alphabet: number,
): { readonly tables: readonly Lengths[]; readonly selectors: Uint8Array } {
  let tables = firstTables(symbols, alphabet);
  const selectors = new Uint8Array(Math.ceil(symbols.length / GROUP));
  for (let fitting = 0; fitting < FITTINGS; fitting++) {
    const frequencies = tables.map(() => new Uint32Array(alphabet));
    for (let group = 0; group < selectors.length; group++) {
      const coded = symbols.subarray(group * GROUP, (group + 1) * GROUP);
      const best = cheapest(tables, coded);
      selectors[group] = best;
      const counts = frequencies[best];
      if (counts !== undefined) count(coded, counts);
    }
    tables = frequencies.map(codeLengths);
  }
  return { tables, selectors };
}

/** One table for each share of the symbols in use: cheap for its own, dear for all others. */
function firstTables(symbols: Uint16Array, alphabet: number): Lengths[] {
  const frequencies = new Uint32Array(alphabet);
  count(symbols, frequencies);
  const tables = tableCount(symbols.length);
  const owners: number[] = [];
  let before = 0;
  for (const frequency of frequencies) {
    owners.push(Math.min(tables - 1, Math.floor((before * tables) / symbols.length)));
    before += frequency;
  }
  return Array.from({ length: tables }, (_, table) =>
    Uint8Array.from(owners, (owner) => (owner === table ? 0 : 15)),
  );
}

/** More tables fit better and cost more to write. The format wants two at least. */
function tableCount(symbols: number): number {
  if (symbols < 200) return 2;
  if (symbols < 600) return 3;
  if (symbols < 1_200) return 4;
  return symbols < 2_400 ? 5 : 6;
}

function cheapest(tables: readonly Lengths[], symbols: Uint16Array): number {
  let best = 0;
  let bestBits = Infinity;
  for (const [index, lengths] of tables.entries()) {
    let bits = 0;
    for (const symbol of symbols) bits += lengths[symbol] ?? 0;
    if (bits < bestBits) [best, bestBits] = [index, bits];
  }
  return best;
}

function count(symbols: Uint16Array, counts: Uint32Array): void {
  for (const symbol of symbols) counts[symbol] = (counts[symbol] ?? 0) + 1;
}

/** Huffman's code lengths; every symbol has one. Frequencies are flattened until the longest code is short enough. */
function codeLengths(frequencies: Uint32Array): Lengths {
  for (let flatter = frequencies.map((frequency) => Math.max(1, frequency)); ;) {
    const lengths = treeDepths(flatter);
    if (lengths.every((length) => length <= MAX_CODE_BITS)) return lengths;
    flatter = flatter.map((frequency) => 1 + (frequency >>> 1));
  }
}

/** Depth of each leaf of the Huffman tree. Leaves and inner nodes wait in two queues, both in order of weight. */
function treeDepths(weights: Uint32Array): Lengths {
  const leaves = Array.from(weights.keys()).sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0));
  const nodes = Array.from(weights);
  const parents = new Map<number, number>();
  let nextLeaf = 0;
  let nextInner = weights.length;
  const lightest = (): number => {
    const leaf = leaves[nextLeaf];
    const takesLeaf =
      leaf !== undefined && (nextInner >= nodes.length || (nodes[leaf] ?? 0) <= (nodes[nextInner] ?? 0));
    if (!takesLeaf) return nextInner++;
    nextLeaf++;
    return leaf;
  };
  for (let joined = 1; joined < weights.length; joined++) {
    const [left, right] = [lightest(), lightest()];
    parents.set(left, nodes.length);
    parents.set(right, nodes.length);
    nodes.push((nodes[left] ?? 0) + (nodes[right] ?? 0));
  }
  const depths = new Uint8Array(nodes.length);
  // A parent comes after its children.
  for (let node = nodes.length - 2; node >= 0; node--) {
    depths[node] = (depths[parents.get(node) ?? node] ?? 0) + 1;
  }
  return depths.subarray(0, weights.length);
}

/** Codes counted up from zero, the short ones first, equally long ones in order of their symbols. */
function canonicalCodes(lengths: Lengths): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let code = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++, code <<= 1) {
    for (const [symbol, length] of lengths.entries()) if (length === bits) codes[symbol] = code++;
  }
  return codes;
}

/** Each selector as its place in a list with the last used in front: as many ones as its place, and a zero. */
function writeSelectors(out: BitWriter, selectors: Uint8Array, tables: number): void {
  const recent = Array.from({ length: tables }, (_, table) => table);
  for (const selector of selectors) {
    const place = recent.indexOf(selector);
    recent.splice(place, 1);
    recent.unshift(selector);
    out.put(2 ** (place + 1) - 2, place + 1);
  }
}

/** The first length, then steps up (10) or down (11) to the next, ended by 0. */
function writeLengths(out: BitWriter, lengths: Lengths): void {
  let current = lengths[0] ?? 0;
  out.put(current, 5);
  for (const length of lengths) {
    for (; current < length; current++) out.put(0b10, 2);
    for (; current > length; current--) out.put(0b11, 2);
    out.put(0, 1);
  }
}
