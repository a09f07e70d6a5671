import type { World } from './cli.js';
import { COMMANDS, FAMILIES } from './command.table.js';
import { parse } from './program.js';

/** One command line, from its words to its exit code. Loads only what its command needs. */
export async function main(argv: readonly string[], world: World): Promise<number> {
  const { terminal } = world;
  const parsed = await parse(argv, COMMANDS, FAMILIES, terminal);
  if (parsed.kind === 'done') return parsed.exitCode;
  const { runCommand } = await import('./run-command.js');
  return runCommand(parsed, world);
}
