import type { Cli } from './cli.js';

/** No cursor, and no line goes on in the next: what is too wide is cut, so that a line of text stays one of the screen. */
const ALTERNATE = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const BACK = '\u001B[?7h\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/** The whole terminal, for what changes all the time. Given back, as it was, when disposed of. */
export interface Screen extends Disposable {
  /** Writes over what stood there; what does not fit is left out. */
  show(lines: readonly string[]): void;
}

export function openScreen({ terminal, interrupted }: Pick<Cli, 'terminal' | 'interrupted'>): Screen {
  // Its first use has Ctrl-C end the command in an orderly way, so that the terminal is given back.
  interrupted.throwIfAborted();
  terminal.out(ALTERNATE);
  return {
    show(lines) {
      const fitting = lines.slice(0, Math.max(1, terminal.rows - 1));
      terminal.out(`${HOME}${fitting.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
    },
    [Symbol.dispose]: () => terminal.out(BACK),
  };
}
