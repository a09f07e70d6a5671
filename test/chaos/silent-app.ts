import { CeleryApp, readCeleryOptions, type CeleryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';

/** An app that writes no log: what goes wrong on purpose would fill it. */
export function openSilently(options: CeleryOptions): Promise<CeleryApp> {
  return CeleryApp.open(readCeleryOptions(options), { log: silentLog });
}
