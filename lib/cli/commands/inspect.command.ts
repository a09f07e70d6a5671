import type { Cli } from '../cli.js';
import { INSPECT_COMMANDS } from '../remote-commands.js';
import { runRemote, type Asked } from './remote.command.js';

export function run(given: Asked, cli: Cli): Promise<number> {
  return runRemote(given, { family: 'inspect', commands: INSPECT_COMMANDS, force: true, more: {} }, cli);
}
