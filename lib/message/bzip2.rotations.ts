/**
 * The starts of a block's rotations in sorted order (Burrows and Wheeler, 1994). Prefix doubling with counting sorts:
 * n · log n whatever the data, so that no body makes its sender slow. Equal rotations come in any order.
 */
export function sortedRotations(block: Uint8Array): Uint32Array {
  const length = block.length;
  const order = new Uint32Array(length);
  const shifted = Uint32Array.from({ length }, (_, index) => index);
  const counts = new Uint32Array(Math.max(256, length) + 1);
  let ranks = Uint32Array.from(block);
  let spare = new Uint32Array(length);
  let groups = 256;
  sortByRank(shifted, ranks, order, counts, groups);
  for (let sorted = 1; groups < length || sorted === 1; sorted *= 2) {
    // Sorted by the bytes from `sorted` on, then, stably, by those before: by twice as many.
    for (let place = 0; place < length; place++) {
      const start = at(order, place) - sorted;
      shifted[place] = start < 0 ? start + length : start;
    }
    sortByRank(shifted, ranks, order, counts, groups);
    if (sorted * 2 >= length) break;
    groups = rank(order, ranks, sorted, spare);
    [ranks, spare] = [spare, ranks];
  }
  return order;
}

/** Numbers the rotations in their order, equal ones alike: by their rank and by the rank of what follows `sorted` bytes later. */
function rank(order: Uint32Array, ranks: Uint32Array, sorted: number, into: Uint32Array): number {
  const length = order.length;
  let before = at(order, 0);
  let group = 0;
  for (const here of order) {
    const same =
      at(ranks, here) === at(ranks, before) &&
      at(ranks, (here + sorted) % length) === at(ranks, (before + sorted) % length);
    if (!same) group++;
    into[here] = group;
    before = here;
  }
  return group + 1;
}

/** Stable. Ranks are below `groups`. */
function sortByRank(
  items: Uint32Array,
  ranks: Uint32Array,
  into: Uint32Array,
  counts: Uint32Array,
  groups: number,
): void {
  counts.fill(0, 0, groups + 1);
  for (const item of items) {
    const next = at(ranks, item) + 1;
    counts[next] = at(counts, next) + 1;
  }
  for (let group = 1; group < groups; group++) counts[group] = at(counts, group) + at(counts, group - 1);
  for (const item of items) {
    const group = at(ranks, item);
    const place = at(counts, group);
    into[place] = item;
    counts[group] = place + 1;
  }
}

function at(numbers: Uint32Array, index: number): number {
  return numbers[index] ?? 0;
}
