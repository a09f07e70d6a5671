/** Computes, and does nothing else: so many rounds of a loop. */
export function burn(loops: number): number {
  let sum = 0;
  for (let index = 0; index < loops; index += 1) sum = (sum * 31 + index) % 1_000_003;
  return sum;
}

/** Rounds of the loop in one millisecond of this machine, when nothing else runs on it: the best of some tries. */
export function loopsPerMs(): number {
  const loops = 2_000_000;
  burn(loops);
  const tries = Array.from({ length: 20 }, () => {
    const startMs = performance.now();
    burn(loops);
    return performance.now() - startMs;
  });
  return Math.round(loops / Math.min(...tries));
}
