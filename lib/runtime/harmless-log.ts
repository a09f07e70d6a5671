import type { Log } from './logger.js';
import { runAsIfWatched, type Owner } from './owner.js';

/** What it fails at is not told: that would be its own work again. */
const LOGGER: Owner = Object.freeze({ label: 'The logger', escaped: () => 'untold' });

/** The same log, except that one which throws, or whose promises reject, harms nobody. */
export function harmless(log: Log): Log {
  const safely = (write: () => void): void => {
    try {
      runAsIfWatched(LOGGER, write);
    } catch {
      // A task is worth more than its line.
    }
  };
  return {
    debug: (message) => safely(() => log.debug(message)),
    log: (message) => safely(() => log.log(message)),
    warn: (message) => safely(() => log.warn(message)),
    error: (message, stack) => safely(() => log.error(message, stack)),
  };
}
