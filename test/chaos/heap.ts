import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are in use once everything that can be is freed. */
export function heapInUse(): number {
  // What a first collection finalizes, the second frees.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Bytes by which each step grows: the slope of the line that fits best through these measurements. */
export function slope(points: readonly { readonly at: number; readonly bytes: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [atMean, bytesMean] = [mean(({ at }) => at), mean(({ bytes }) => bytes)];
  let [above, below] = [0, 0];
  for (const { at, bytes } of points) {
    above += (at - atMean) * (bytes - bytesMean);
    below += (at - atMean) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
