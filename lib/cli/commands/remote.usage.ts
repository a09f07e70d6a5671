import { ASK_FLAGS } from '../ask-flags.js';
import { isOn } from '../flag.js';
import { CONTROL_COMMANDS, INSPECT_COMMANDS, type RemoteCommand } from '../remote-commands.js';
import { maybe, some, usage } from '../usage.js';

const FLAGS = {
  ...ASK_FLAGS,
  list: isOn('-l, --list', 'the commands there are'),
  custom: isOn(
    '--custom',
    'a command of the application’s own (@ControlCommand); its arguments as key=value',
  ),
  compatJson: isOn('--compat-json', 'the JSON that celery prints with --json'),
} as const;

export const inspectUsage = usage({
  details: listed(INSPECT_COMMANDS),
  args: {
    command: maybe('command', 'what to ask', { words: INSPECT_COMMANDS.map(({ name }) => name) }),
    words: some('args', 'its arguments'),
  },
  flags: FLAGS,
  examples: [
    'nest-celery inspect active',
    'nest-celery inspect stats -d w1@api-1 --json',
    'nest-celery inspect query_task 1f6e0c5a-…',
  ],
});

export const controlUsage = usage({
  details: listed(CONTROL_COMMANDS),
  args: {
    command: maybe('command', 'what to do', { words: CONTROL_COMMANDS.map(({ name }) => name) }),
    words: some('args', 'its arguments'),
  },
  flags: {
    ...FLAGS,
    terminate: isOn('--terminate', 'with revoke: end tasks that run too'),
    force: isOn('-f, --force', 'do not ask before shutdown'),
  },
  examples: [
    'nest-celery control rate_limit mail.send 10/m',
    'nest-celery control revoke 1f6e0c5a-…',
    'nest-celery control shutdown -d w1@api-1 --force',
  ],
});

function listed(commands: readonly RemoteCommand[]): string {
  const shown = commands.map(({ name, words }) => `${name} ${words}`.trim());
  const width = Math.min(44, Math.max(...shown.map((each) => each.length)));
  return `Commands:\n${commands.map(({ summary }, index) => `  ${(shown[index] ?? '').padEnd(width)}  ${summary}`).join('\n')}`;
}
