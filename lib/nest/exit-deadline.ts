import type { Log } from '../runtime/logger.js';

/** Beyond what the stop itself may take: for connections, hooks of the application, and its logs. */
const SPARE_MS = 10_000;

/**
 * A process that was told to stop is gone by then, whatever still holds it: a hook that hangs, a handle left open. Keeps
 * nothing alive itself.
 */
export function exitBy(stopMs: number, exitCode: number, log: Log): void {
  const limitMs = stopMs + SPARE_MS;
  const end = (): void => {
    log.error(`The process has not ended ${limitMs / 1000}s after it was told to: it is ended now`);
    process.exit(exitCode === 0 ? 1 : exitCode);
  };
  setTimeout(end, limitMs).unref();
}
