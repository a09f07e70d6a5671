import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Row } from './scenario.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const LONG_MS = 180_000;

/** The shortest of each kind of fault; `npm run chaos -- --tier full` runs them all, at their full sizes. */
describe('fault tests, short', () => {
  beforeAll(async () => {
    await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'test/chaos/tsconfig.json'], { cwd: ROOT });
  }, LONG_MS);

  it.each([
    ['stopped by SIGTERM under load lose nothing and run nothing twice', 'GS-1', 'RabbitMQ', 'prefork'],
    ['stopped by SIGTERM under load lose nothing and run nothing twice', 'GS-1', 'Redis', 'async'],
    ['killed under load lose nothing that is acknowledged late', 'ALO-1', 'Redis', 'late'],
    ['killed at each step of a retry run it to its end', 'ALO-4', 'RabbitMQ', 'retry'],
    ['told to stop twice give back what they run', 'GS-6', 'RabbitMQ', 'SIGTERM twice'],
    ['killed under load start nothing twice that is acknowledged early', 'ALO-1', 'RabbitMQ', 'early'],
    ['between hostile messages run every good one, and put the others away', 'FZ-3', 'Redis', 'async'],
    ['killed under delayed tasks run each of them, and none early', 'ETA-1', 'Redis', 'kills'],
    [
      'run each task whose publish was confirmed, none that surely failed',
      'PUB-2',
      'RabbitMQ',
      'answer swallowed',
    ],
    ['store results that are heard of though notices get lost', 'RES-1', 'Redis', 'notices swallowed'],
    ['cut off again and again hold what they held before, and no more', 'RC-8', 'Redis', 'cut'],
    ['live on wherever code of their application throws, and run every other task', 'PP-4', 'Redis', 'async'],
    ['killed under chords end each of them with one body', 'CH-2', 'Redis', 'kill -9'],
  ])(
    'workers %s (%s on %s, %s)',
    async (_title, test, broker, variant) => {
      const folder = await mkdtemp(join(tmpdir(), 'chaos-short-'));
      try {
        const servers = ['--rabbit', inject('rabbitUrl'), '--redis', inject('redisUrl')];
        const which = ['--only', test, '--on', broker, '--variant', variant];
        const script = join(import.meta.dirname, 'dist/test/chaos/run.js');
        const args = [script, '--tier', 'short', ...which, ...servers, '--out', folder];
        const ran = await run(process.execPath, args).catch((error: unknown) => error as { stdout?: string });
        const result = await readFile(join(folder, 'result.json'), 'utf8').catch(() => '{"rows":[]}');
        const { rows } = JSON.parse(result) as { rows: Row[] };
        expect(
          rows.map((row) => row.broken),
          ran.stdout,
        ).toEqual([[]]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    LONG_MS,
  );
});
