import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { compileLib } from '../support/compiled-lib.js';

/** The young generation as it is by default, collected on this thread; the old one is not collected meanwhile. */
const FLAGS = [
  '--expose-gc',
  '--single-threaded',
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--initial-old-space-size=2048',
  '--max-old-space-size=4096',
];
const LIMIT_MS = 120_000;

it(
  'what passes through a worker does not outlive the young generation',
  async () => {
    await using lib = await compileLib();
    const script = await lib.compile(join(import.meta.dirname, 'kept.ts'), 'kept.js');
    const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script]);
    const kept = JSON.parse(stdout) as Readonly<Record<'Map' | 'ChurnMap' | 'task', number>>;
    expect(kept.Map).toBeGreaterThan(200);
    expect(kept.ChurnMap).toBeLessThan(20);
    // 2,437 with maps that are never begun anew; what is left are mostly messages in the embedded broker's queue.
    expect(kept.task).toBeLessThan(1_000);
  },
  LIMIT_MS,
);
