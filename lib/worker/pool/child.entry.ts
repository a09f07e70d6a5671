import { fileURLToPath } from 'node:url';
import { InvalidOptionError } from '../../errors.js';
import type { ChildEntry } from './child.js';

/**
 * What children run: the script given, else the one that this process was started with, with the same arguments and flags.
 * @throws InvalidOptionError when there is no such script (`node -e`, a REPL)
 */
export function childScript(given: string | undefined): Omit<ChildEntry, 'mark'> {
  const file = given ?? process.argv[1];
  if (file === undefined) {
    throw new InvalidOptionError(
      'worker.childEntry',
      'is needed here: this process was started without a script that its children could run. Name one that starts the same worker.',
    );
  }
  return {
    file: file.startsWith('file:') ? fileURLToPath(file) : file,
    argv: given === undefined ? process.argv.slice(2) : [],
    // A debugger listens on one port only.
    execArgv: process.execArgv.filter((flag) => !flag.startsWith('--inspect')),
  };
}
