import type { Terminal } from '../../lib/cli/terminal.js';

/** A terminal that keeps what was written to it. */
export function recordingTerminal(given: Partial<Terminal> = {}) {
  const written = { out: '', err: '' };
  const terminal: Terminal = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    isScreen: false,
    canAsk: false,
    colours: false,
    columns: 80,
    rows: 24,
    ask: async () => undefined,
    ...given,
  };
  return { terminal, written };
}
