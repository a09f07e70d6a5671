import { InvalidOptionError } from '../../errors.js';
import { nearest } from '../../runtime/nearest.js';
import type { Cli } from '../cli.js';
import type { Entry } from '../entry.js';
import { EXIT } from '../exit-code.js';
import { longName, type Flags } from '../flag.js';
import { GLOBAL_FLAGS } from '../global.flags.js';
import { twinsOf } from '../read-given.js';
import type { GivenTo } from '../usage.js';
import type { environmentUsage } from './environment.usage.js';

/** A flag, and what stands for it in the environment. */
export interface Twin {
  /** Null: of all commands. */
  readonly command: string | null;
  readonly flag: string;
  /** The first that is set counts. */
  readonly variables: readonly string[];
  readonly summary: string;
}

/** @param entries every command, which this one cannot know by itself */
export function environment(entries: readonly Entry[]) {
  return async (
    { args: { command } }: GivenTo<typeof environmentUsage>,
    { output }: Cli,
  ): Promise<number> => {
    const all = await twins(entries);
    const shown = command === undefined ? all : all.filter((twin) => twin.command === command);
    if (shown.length === 0) throw new InvalidOptionError('[command]', strange(String(command), entries));
    const rows = shown.map((twin) => [
      twin.command ?? '',
      twin.flag,
      { text: twin.variables.join(' '), style: 'bold' as const },
    ]);
    output.table(shown, COLUMNS, rows);
    return EXIT.ok;
  };
}

const COLUMNS = [
  { title: 'COMMAND', shrinks: false },
  { title: 'FLAG', shrinks: false },
  { title: 'VARIABLES', shrinks: false },
] as const;

/** Of every flag there is. */
export async function twins(entries: readonly Entry[]): Promise<readonly Twin[]> {
  const own = await Promise.all(
    entries.map(async ({ name, usage }) => twinsOfFlags(name, (await usage()).flags)),
  );
  return [...twinsOfFlags('', GLOBAL_FLAGS), ...own.flat()];
}

function twinsOfFlags(command: string, flags: Flags): readonly Twin[] {
  return Object.values(flags)
    .filter(({ hidden }) => !hidden)
    .map((flag) => ({
      command: command === '' ? null : command,
      flag: longName(flag),
      variables: twinsOf(flag, command),
      summary: flag.summary,
    }));
}

function strange(command: string, entries: readonly Entry[]): string {
  const known = entries.find(({ name }) => name === command);
  if (known !== undefined) return `${command} has no flags but those of all commands.`;
  const meant = nearest(
    command,
    entries.map(({ name }) => name),
  );
  return `${JSON.stringify(command)} is no command.${meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`}`;
}
