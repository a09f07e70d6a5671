import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BROKEN } from '../broken.js';
import { brokenBuild } from '../build.js';
import type { Row, Scenario } from '../scenario.js';

/** Libraries that break a promise on purpose: the test of that promise has to fail, for that reason. */
export const h1: Scenario = {
  id: 'H-1',
  title: 'broken libraries are caught',
  // Each broken library names its own.
  places: ['Redis'],
  variants: BROKEN.map(({ name }) => name),
  tiers: ['ci', 'full'],
  async run({ script, folder, random }, variant) {
    const begunMs = performance.now();
    const broken = BROKEN.find(({ name }) => name === variant);
    if (broken === undefined) throw new Error(`No broken library: ${variant}`);
    const built = join(dirname(script), '..', '..');
    await using build = await brokenBuild(built, broken.damages);
    const seed = String(random.between(1, 1_000_000));
    const run = ['--only', broken.test, '--on', broken.on, '--variant', broken.variant, '--seed', seed];
    await node(join(dirname(build.script), 'run.js'), [
      ...run,
      '--tier',
      broken.tier ?? 'short',
      '--out',
      folder,
    ]);
    const { rows } = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as { rows: Row[] };
    const [row] = rows;
    if (row === undefined) throw new Error(`${broken.test} has no result`);
    const isCaught = row.broken.some((what) => broken.caught.test(what));
    const found = row.broken.join('; ') || 'nothing';
    return {
      ...row,
      test: 'H-1',
      variant,
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken: isCaught
        ? []
        : [`${broken.test} should have found ${String(broken.caught)}, and found ${found}`],
    };
  },
};

/** Resolves when it has ended, whatever its exit code: a broken library ends it with 1. */
function node(script: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { maxBuffer: 1 << 26 }, () => resolve());
  });
}
