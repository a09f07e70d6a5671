import type { Cli } from '../cli.js';
import { CONTROL_COMMANDS } from '../remote-commands.js';
import type { GivenTo } from '../usage.js';
import { runRemote } from './remote.command.js';
import type { controlUsage } from './remote.usage.js';

export function run(given: GivenTo<typeof controlUsage>, cli: Cli): Promise<number> {
  const { terminate, force } = given.flags;
  const more = terminate ? { terminate: true, signal: 'SIGTERM' } : {};
  return runRemote(given, { family: 'control', commands: CONTROL_COMMANDS, force, more }, cli);
}
