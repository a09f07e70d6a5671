import { readFileSync } from 'node:fs';
import { InvalidOptionError } from '../../errors.js';
import type { HealthRecord } from '../../worker/health/health.file.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import type { GivenTo } from '../usage.js';
import type { healthUsage } from './health.usage.js';

/** The worker writes every second; a task that holds its event loop longer than this has stopped it. */
const MAX_AGE_MS = 30_000;

export async function run({ flags }: GivenTo<typeof healthUsage>, { output, clock }: Cli): Promise<number> {
  if (flags.file === undefined) {
    throw new InvalidOptionError(
      '--health-file',
      'is needed: the file that the worker writes with the same flag.',
    );
  }
  const record = readRecord(flags.file);
  const problem =
    record === undefined
      ? `there is no file ${flags.file}: the worker does not run, or not with --health-file`
      : problemOf(record, clock.now(), flags.maxAge ?? MAX_AGE_MS, flags.ready);
  output.answer({ healthy: problem === undefined, problem: problem ?? null, worker: record ?? null }, () =>
    problem === undefined ? `${record?.hostname ?? ''} is well` : problem,
  );
  return problem === undefined ? EXIT.ok : EXIT.failed;
}

export function problemOf(
  { hostname, writtenMs, problems }: HealthRecord,
  nowMs: number,
  maxAgeMs: number,
  ready: boolean,
): string | undefined {
  const ageMs = nowMs - writtenMs;
  if (ageMs > maxAgeMs)
    return `${hostname} has not written for ${Math.round(ageMs / 1000)} s: it is gone, or its event loop is held up`;
  const [problem] = ready ? problems : [];
  return problem === undefined ? undefined : `${hostname} is not ready: ${problems.join('; ')}`;
}

function readRecord(file: string): HealthRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as HealthRecord;
  } catch {
    return undefined;
  }
}
