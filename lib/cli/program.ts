import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../runtime/version.js';
import type { Entry } from './entry.js';
import { EXIT, EXIT_CODES } from './exit-code.js';
import { longName, type Flag, type Flags } from './flag.js';
import { GLOBAL_FLAGS } from './global.flags.js';
import type { RawGiven } from './read-given.js';
import { REFUSED_COMMANDS } from './refused-commands.js';
import { HEADINGS } from './usage.js';

/** What to do, as the command line says. */
export type Parsed =
  | {
      readonly kind: 'run';
      readonly entry: Entry;
      readonly given: RawGiven;
      readonly globals: RawGiven['flags'];
    }
  /** The help, the version or a mistake was written; nothing is left to do. */
  | { readonly kind: 'done'; readonly exitCode: number };

export interface Writers {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Reads a command line by the table of commands. Writes help, version and mistakes. */
export async function parse(
  argv: readonly string[],
  entries: readonly Entry[],
  families: ReadonlyMap<string, string>,
  writers: Writers,
): Promise<Parsed> {
  let found: Parsed | undefined;
  const program = new Command('nest-celery');
  setUp(program, writers)
    .description('Celery for NestJS: workers, tasks and queues from the command line.')
    .usage('[flags] <command> [arguments]')
    .version(VERSION, '--version', 'the version')
    .addHelpText('after', () => `\n${exitCodes()}\n\n${twins()}`);
  addFlags(program, GLOBAL_FLAGS);
  const parents = new Map<string, Command>([['', program]]);
  for (const entry of ordered(entries)) {
    const { name, heading, summary } = entry;
    const [first = '', second] = name.split(' ');
    const parent = second === undefined ? program : familyOf(first, parents, families, heading, writers);
    const command = setUp(new Command(second ?? first), writers)
      .summary(summary)
      .helpGroup(`${heading}:`);
    parent.addCommand(command);
    // Only what is named can be called, or asked for its help.
    if (!argv.includes(first)) continue;
    const { details, args, flags, examples } = await entry.usage();
    command.description(details === undefined ? capital(summary) : `${capital(summary)}\n\n${details}`);
    for (const { term, summary: about, words } of Object.values(args)) {
      command.argument(term, words.length > 0 && words.length < 8 ? `${about} (${words.join(', ')})` : about);
    }
    addFlags(command, flags);
    command.optionsGroup('Flags of all commands:');
    addFlags(command, GLOBAL_FLAGS);
    command.addHelpText('after', () => exampleText(examples));
    command.action((...received: unknown[]) => {
      const words = received.slice(0, -2).map(readWord);
      const globals = new Map([...given(program, GLOBAL_FLAGS), ...given(command, GLOBAL_FLAGS)]);
      found = { kind: 'run', entry, given: { flags: given(command, flags), words }, globals };
    });
  }
  for (const [name, reason] of REFUSED_COMMANDS) {
    const refused = setUp(new Command(name), writers)
      .argument('[args...]')
      .allowUnknownOption()
      .helpOption(false);
    refused.action(() => {
      writers.err(`Error: celery ${name} is not here: ${reason}\n`);
      found = { kind: 'done', exitCode: EXIT.usage };
    });
    program.addCommand(refused, { hidden: true });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'done', exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage };
  }
  return found ?? { kind: 'done', exitCode: EXIT.usage };
}

function setUp(command: Command, { out, err }: Writers): Command {
  return command
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => write(`${capital(text.replace(/^error: /, 'Error: '))}${HINT}`),
    })
    .helpOption('-h, --help', 'this help')
    .helpCommand(false);
}

const HINT = "Try 'nest-celery --help', or '--help' after a command.\n";

function familyOf(
  name: string,
  parents: Map<string, Command>,
  families: ReadonlyMap<string, string>,
  heading: string,
  writers: Writers,
): Command {
  const known = parents.get(name);
  if (known !== undefined) return known;
  const summary = families.get(name) ?? '';
  const family = setUp(new Command(name), writers).summary(summary).description(capital(summary));
  family.helpGroup(`${heading}:`);
  parents.set(name, family);
  parents.get('')?.addCommand(family);
  return family;
}

/** By heading, as written within it. */
function ordered(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((a, b) => HEADINGS.indexOf(a.heading) - HEADINGS.indexOf(b.heading));
}

function addFlags(command: Command, flags: Flags): void {
  for (const flag of Object.values(flags)) {
    const option = new Option(flag.term, flag.summary);
    if (flag.hidden) option.hideHelp();
    if (flag.joins) option.argParser((value, before: unknown) => joined(before, value));
    command.addOption(option);
  }
}

/** What was given, as text, by the keys of the table. */
function given(command: Command, flags: Flags): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, flag] of Object.entries(flags)) {
    const name = attributeOf(flag);
    if (command.getOptionValueSource(name) !== 'cli') continue;
    const value: unknown = command.getOptionValue(name);
    // `--no-color` is stored as color: false; a flag without its optional value as true.
    found.set(key, typeof value === 'string' ? value : '');
  }
  return found;
}

function attributeOf(flag: Flag<unknown>): string {
  const option = new Option(flag.term);
  return option.attributeName();
}

function joined(before: unknown, value: string): string {
  return typeof before === 'string' ? `${before},${value}` : value;
}

function readWord(word: unknown): string | undefined | readonly string[] {
  if (Array.isArray(word)) return word.map(String);
  return typeof word === 'string' ? word : undefined;
}

function exampleText(examples: readonly string[]): string {
  return examples.length === 0 ? '' : `\nExamples:\n${examples.map((each) => `  ${each}`).join('\n')}`;
}

function exitCodes(): string {
  return [
    'Exit codes:',
    ...EXIT_CODES.map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`),
  ].join('\n');
}

function twins(): string {
  const broker = longName(GLOBAL_FLAGS.broker);
  return [
    'Environment: every flag has a twin, named after its command: NEST_CELERY_CALL_COUNTDOWN, or CELERY_CALL_COUNTDOWN.',
    `  CELERY_BROKER_URL, CELERY_RESULT_BACKEND and CELERY_APP stand for ${broker}, --result-backend and --app.`,
    '  All of them: nest-celery environment',
  ].join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
