import { readFileSync, unlinkSync } from 'node:fs';
import { armFailpoints, type FailpointName } from '../../lib/runtime/failpoint.js';

/** In the order a task passes them. */
export const FAILPOINTS: readonly FailpointName[] = [
  'claimed',
  'decoded',
  'ackedEarly',
  'started',
  'finishedRun',
  'linksSent',
  'resultStored',
  'chordCounted',
  'chordJoined',
  'chordEnded',
  'retryPublished',
  'requeued',
  'deferred',
  'quarantined',
  'ackedLate',
];

/**
 * Kills this process when it passes the step that the file names for the n-th time since the file was written: `started 2`.
 * The file is gone then.
 */
export function armFrom(file: string): void {
  let wish = '';
  let left = 0;
  armFailpoints((name) => {
    const now = read(file);
    if (now !== wish) {
      wish = now;
      left = Number(now.split(' ')[1]);
    }
    if (now.split(' ')[0] !== name) return;
    left -= 1;
    if (left > 0) return;
    unlinkSync(file);
    process.kill(process.pid, 'SIGKILL');
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
