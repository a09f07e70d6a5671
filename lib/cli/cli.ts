import type { Clock } from '../runtime/clock.js';
import type { ValuesOf } from './flag.js';
import type { GLOBAL_FLAGS } from './global.flags.js';
import type { Output } from './output.js';
import type { Environment } from './read-given.js';
import type { Terminal } from './terminal.js';

/** What every command works with. */
export interface Cli {
  readonly globals: ValuesOf<typeof GLOBAL_FLAGS>;
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly output: Output;
  readonly clock: Clock;
  /** Folder that paths are relative to. */
  readonly folder: string;
  /** Aborts on Ctrl-C, from its first use on; until then Ctrl-C ends the process. */
  readonly interrupted: AbortSignal;
}

/** What a command line meets. */
export interface World {
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly folder: string;
  /** Aborts on Ctrl-C. Listens from the first call on. */
  readonly interruption: () => AbortSignal;
}

/** Ends with an exit code. */
export type Run<G> = (given: G, cli: Cli) => Promise<number>;
