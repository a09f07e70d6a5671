import type { Cli } from './cli.js';

const WIDTH = 30;

/** A bar on stderr while something takes long; nothing where nobody looks. Gone when disposed of. */
export interface Progress extends Disposable {
  at(done: number, of: number): void;
}

export function openProgress(label: string, { terminal, globals: { quiet } }: Cli): Progress {
  const shown = terminal.isScreen && !quiet;
  return {
    at(done, of) {
      if (!shown) return;
      const filled = of === 0 ? WIDTH : Math.min(WIDTH, Math.round((done / of) * WIDTH));
      terminal.err(`\r${label} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${of}`);
    },
    [Symbol.dispose]() {
      if (shown) terminal.err('\r\u001B[K');
    },
  };
}
