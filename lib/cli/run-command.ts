import { resolve } from 'node:path';
import { CeleryError } from '../errors.js';
import { systemClock } from '../runtime/clock.js';
import type { Cli, World } from './cli.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { GLOBAL_FLAGS } from './global.flags.js';
import { Output } from './output.js';
import type { Parsed } from './program.js';
import { readFlags } from './read-given.js';
import { Interrupted } from './terminal.js';

/** Runs what was parsed; errors are told, not thrown. */
export async function runCommand(
  { entry, given, globals: rawGlobals }: Extract<Parsed, { readonly kind: 'run' }>,
  { env, terminal, folder, interruption }: World,
): Promise<number> {
  let output = new Output(terminal, { json: false, quiet: false, colours: terminal.colours });
  let debug = false;
  let listening = false;
  try {
    const globals = readFlags(GLOBAL_FLAGS, rawGlobals, env, '');
    const { json, quiet, noColor } = globals;
    debug = globals.debug;
    output = new Output(terminal, { json, quiet, colours: terminal.colours && !noColor });
    const cli: Cli = {
      globals,
      env,
      terminal,
      output,
      clock: systemClock,
      folder: resolve(folder, globals.workdir ?? '.'),
      get interrupted() {
        listening = true;
        return interruption();
      },
    };
    return await entry.run(given, cli);
  } catch (error) {
    if (error instanceof Interrupted || (listening && interruption().aborted)) return EXIT.interrupted;
    output.error(messageOf(error));
    if (debug || !(error instanceof CeleryError)) output.note(stackOf(error));
    return exitCodeOf(error);
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const why = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return error.message.includes(why.slice(2, -1)) ? error.message : `${error.message}${why}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause instanceof Error ? `\nCaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
