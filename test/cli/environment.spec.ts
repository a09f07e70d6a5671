import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../lib/cli/command.table.js';
import { environment, twins } from '../../lib/cli/commands/environment.command.js';
import type { Cli } from '../../lib/cli/cli.js';
import { longName } from '../../lib/cli/flag.js';
import { GLOBAL_FLAGS } from '../../lib/cli/global.flags.js';
import { Output } from '../../lib/cli/output.js';
import { readFlags } from '../../lib/cli/read-given.js';
import { recordingTerminal } from './recording-terminal.js';

const listed = await twins(COMMANDS);
const flags = [
  { command: '', flags: GLOBAL_FLAGS },
  ...(await Promise.all(
    COMMANDS.map(async ({ name, usage }) => ({ command: name, flags: (await usage()).flags })),
  )),
].flatMap(({ command, flags: declared }) => Object.values(declared).map((flag) => ({ command, flag })));

describe('the environment', () => {
  it('has a variable for every flag that any command takes, and each is listed', () => {
    const taken = flags.filter(({ flag }) => !flag.hidden);
    expect(taken.length).toBeGreaterThan(100);
    expect(listed.map(({ command, flag }) => [command ?? '', flag])).toEqual(
      taken.map(({ command, flag }) => [command, longName(flag)]),
    );
    const ours = listed.map(({ variables }) => variables[0]);
    expect(new Set(ours).size).toBe(ours.length);
  });

  it('is heeded: every variable that is listed is read as its flag', () => {
    for (const { command, flag } of flags) {
      const row = listed.find((twin) => (twin.command ?? '') === command && twin.flag === longName(flag));
      for (const variable of row?.variables ?? []) {
        const echo = { ...flag, read: (given: string | undefined, name: string) => [given, name] };
        const { found } = readFlags({ found: echo }, new Map(), { [variable]: 'a value' }, command);
        expect(found).toEqual(['a value', variable]);
      }
    }
  });

  it('is shown for one command, and a strange one is refused with the one that may be meant', async () => {
    const show = async (command: string) => {
      const { terminal, written } = recordingTerminal();
      const output = new Output(terminal, { json: false, quiet: false, colours: false });
      await environment(COMMANDS)({ args: { command }, flags: {} }, { output } as Cli);
      return written.out;
    };
    expect(await show('call')).toContain(
      'call\t--countdown\tNEST_CELERY_CALL_COUNTDOWN CELERY_CALL_COUNTDOWN\n',
    );
    await expect(show('cal')).rejects.toThrow(/"cal" is no command\. Did you mean "call"\?/);
    await expect(show('completion')).rejects.toThrow(/has no flags but those of all commands/);
  });
});
