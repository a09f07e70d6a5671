import type { CeleryOptions } from '../nest/celery.options.js';
import type { Log } from '../runtime/logger.js';
import type { Cli } from './cli.js';

/** Options that the command line lays over those of the application. */
export function givenOptions({ globals: { broker, resultBackend } }: Cli): CeleryOptions {
  return {
    ...(broker === undefined ? {} : { broker }),
    ...(resultBackend === undefined ? {} : { backend: resultBackend }),
  };
}

/** Where beat keeps its entries: a URL, or the path of a file as with `celery beat -s`. */
export function storeOption(schedule: string | undefined): CeleryOptions {
  if (schedule === undefined) return {};
  return { beatStore: /^[a-z+]+:/i.test(schedule) ? schedule : `file:${schedule}` };
}

export interface CliLog extends Log {
  /** From here on warnings are told. Before, what keeps a command from connecting is told once, as its error. */
  readonly speak: () => void;
}

/**
 * Tells warnings and errors of the library on stderr.
 * @param onWarning told the warnings instead, from the beginning
 */
export function cliLog({ output, globals: { debug } }: Cli, onWarning?: (message: string) => void): CliLog {
  let speaks = debug || onWarning !== undefined;
  const tell = onWarning ?? ((message: string) => output.warn(message));
  return {
    debug: () => undefined,
    log: () => undefined,
    warn: (message) => speaks && tell(message),
    error: (message) => output.error(message),
    speak: () => void (speaks = true),
  };
}
