import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 30_000;

/** Of a process, bytes. */
export interface Memory {
  /** In use, after a collection. */
  readonly heap: number;
  readonly rss: number;
}

/** Asks a worker that was ordered to tell its heap in this file. */
export async function memoryOf(pid: number, file: string): Promise<Memory> {
  const before = told(file).length;
  process.kill(pid, 'SIGUSR2');
  const deadlineMs = performance.now() + LIMIT_MS;
  while (performance.now() < deadlineMs) {
    const line = told(file)[before];
    const [heap = 0, rss = 0] = line?.split(' ').map(Number) ?? [];
    if (line !== undefined) return { heap, rss };
    await pause(10);
  }
  throw new Error(`The worker did not tell its heap within ${LIMIT_MS} ms`);
}

function told(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}
