import type { Log } from '../../lib/runtime/logger.js';

/** Keeps what was logged, one text for each line: `level message`. */
export function recordingLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, debug: at('debug'), log: at('log'), warn: at('warn'), error: at('error') };
}
