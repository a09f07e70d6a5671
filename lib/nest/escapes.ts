import { tracebackOf } from '../message/remote-error.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import { ownerNow, watchOwners } from '../runtime/owner.js';
import { printable } from '../worker/printable.js';

/**
 * Catches what Node would end the process for, and with it every task that runs there: a throw in a callback, a rejection
 * that nobody waits for. A task's own fails that task where it still runs; a listener's harms nobody. Both are logged.
 * @param onNobodys called after one that no task or listener can be named for: what broke may be this library, or all of it
 */
export function catchEscapes(log: Log, onNobodys: () => void): { forget(): void } {
  watchOwners();
  const caught = (thrown: unknown): void => {
    const owner = ownerNow();
    const escape = owner?.escaped(thrown) ?? 'nobodys';
    if (escape === 'untold') return;
    const who = printable(owner?.label ?? 'Something outside of every task');
    const how = escape === 'fails' ? 'which fails by it' : 'which nothing waited for';
    log.error(`${who} let an error go, ${how}: ${printable(messageOf(thrown))}`, tracebackOf(thrown));
    if (escape === 'nobodys') onNobodys();
  };
  process.on('uncaughtException', caught);
  process.on('unhandledRejection', caught);
  return {
    forget() {
      process.off('uncaughtException', caught);
      process.off('unhandledRejection', caught);
    },
  };
}
