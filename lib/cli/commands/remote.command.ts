import { InvalidOptionError } from '../../errors.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import { nearest } from '../../runtime/nearest.js';
import {
  answersAsJson,
  askWorkers,
  collect,
  exitCodeOfAnswers,
  options,
  tellMissing,
  tellNobody,
  type Answers,
} from '../ask-workers.js';
import type { Cli } from '../cli.js';
import { compatJson } from '../compat-json.js';
import { confirmed } from '../confirm.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { REFUSED_REMOTE } from '../refused-commands.js';
import { readPairs, type RemoteCommand } from '../remote-commands.js';
import { showReplies } from '../show-replies.js';
import { tasksOfWorkers } from '../tasks-of-workers.js';
import type { GivenTo } from '../usage.js';
import type { inspectUsage } from './remote.usage.js';

export type Asked = GivenTo<typeof inspectUsage>;

/** What differs between `inspect` and `control`. */
export interface Manner {
  readonly family: 'inspect' | 'control';
  readonly commands: readonly RemoteCommand[];
  readonly force: boolean;
  /** Over the arguments that the words become. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** Sends a command of remote control and shows what the workers answer. */
export async function runRemote({ flags, args }: Asked, manner: Manner, cli: Cli): Promise<number> {
  const { output } = cli;
  if (flags.list || args.command === undefined) {
    const rows = manner.commands.map(({ name, words, summary }) => [name, words, summary]);
    output.table(
      manner.commands.map(({ name, words, summary }) => ({ name, arguments: words, summary })),
      [{ title: 'COMMAND' }, { title: 'ARGUMENTS' }, { title: '' }],
      rows,
    );
    return flags.list ? EXIT.ok : EXIT.usage;
  }
  const command = chosen(args.command, flags.custom, manner);
  const given = { ...command.read(args.words), ...manner.more };
  return withApp(cli, {}, async ({ app }) => {
    if (command.destroys === true && !(await confirmed(questionOf(command, flags), manner.force, cli)))
      return EXIT.failed;
    if (command.unanswered === true) {
      await app.control.tell(command.name, given, options(flags));
      output.answer({ sent: command.name }, () => `Sent: ${command.name}. Nobody answers it.`);
      return EXIT.ok;
    }
    const { send } = command;
    const answers =
      send === undefined
        ? await askWorkers(app, command.name, given, flags, cli)
        : await collect(app, flags, cli, (asking) => send(app.control, given, asking));
    show(command.name, answers, flags.compatJson ? manner.family : undefined, cli);
    await hintAtTask(app, given, answers, flags, cli);
    return exitCodeOfAnswers(answers);
  });
}

function show(name: string, answers: Answers, compat: Manner['family'] | undefined, cli: Cli): void {
  const { output } = cli;
  if (answers.replies.length === 0) tellNobody(answers, cli);
  if (compat !== undefined) output.raw(`${JSON.stringify(compatJson(compat, name, answers.replies))}\n`);
  else if (output.json) output.answer(answersAsJson(answers), () => '');
  else showReplies(name, answers, cli);
  tellMissing(answers, cli);
}

/** Where no worker has the task, which one may be meant. */
async function hintAtTask(
  app: CeleryApp,
  given: Readonly<Record<string, unknown>>,
  { replies }: Answers,
  flags: Asked['flags'],
  cli: Cli,
): Promise<void> {
  const { task_name: task } = given;
  if (typeof task !== 'string' || replies.length === 0) return;
  if (replies.some(({ error }) => error !== UNKNOWN_TASK)) return;
  const meant = nearest(task, await tasksOfWorkers(app, flags, cli));
  if (meant !== undefined)
    cli.output.error(`No worker has a task ${JSON.stringify(task)}. Did you mean ${JSON.stringify(meant)}?`);
}

/** Celery's words, and ours. */
const UNKNOWN_TASK = 'unknown task';

/** @throws InvalidOptionError for a command that Celery has not, unless the application has it */
function chosen(name: string, custom: boolean, { commands, family }: Manner): RemoteCommand {
  const known = commands.find((each) => each.name === name);
  if (known !== undefined) return known;
  const reason = REFUSED_REMOTE.get(name);
  if (reason !== undefined) throw new InvalidOptionError('[command]', `${name} is not here: ${reason}`);
  if (custom) return { name, words: '', summary: '', read: readPairs };
  const meant = nearest(
    name,
    commands.map((each) => each.name),
  );
  throw new InvalidOptionError(
    '[command]',
    `there is no ${family} command ${JSON.stringify(name)}.` +
      (meant === undefined ? '' : ` Did you mean ${meant}?`) +
      ` (nest-celery ${family} --list; --custom for one of the application's own)`,
  );
}

function questionOf({ name }: RemoteCommand, { destination, pattern }: Asked['flags']): string {
  const who = destination?.join(', ') ?? (pattern === undefined ? 'EVERY worker' : `workers like ${pattern}`);
  return `${name}: this stops ${who}. Go on?`;
}
