import type { TaskDefinition } from '../../task/task.definition.js';
import { moduleOfProject } from '../app-module.js';
import type { Cli } from '../cli.js';
import { answersAsJson, askWorkers, exitCodeOfAnswers, tellNobody } from '../ask-workers.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import type { GivenTo } from '../usage.js';
import type { tasksUsage } from './tasks.usage.js';

export async function run({ flags }: GivenTo<typeof tasksUsage>, cli: Cli): Promise<number> {
  const hasCode = cli.globals.app !== undefined || moduleOfProject(cli.folder) !== undefined;
  if (flags.workers || !hasCode) return tasksOfWorkers(flags.timeout, cli);
  return withApp(cli, { from: 'module', broker: false }, async ({ app }) => {
    const tasks = app.tasks
      .all()
      .map(told)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    cli.output.table(
      tasks,
      [{ title: 'TASK' }, { title: 'PARAMETERS' }, { title: 'QUEUE' }, { title: 'SOURCE' }],
      tasks.map(({ name, parameters, queue, source }) => [name, parameters, queue ?? '', source]),
    );
    return EXIT.ok;
  });
}

async function tasksOfWorkers(timeout: number | undefined, cli: Cli): Promise<number> {
  const { output } = cli;
  return withApp(cli, {}, async ({ app }) => {
    const answers = await askWorkers<string[]>(app, 'registered', {}, { timeout }, cli);
    if (answers.replies.length === 0) tellNobody(answers, cli);
    const nodesOf = new Map<string, string[]>();
    for (const { hostname, value } of answers.replies) {
      for (const task of Array.isArray(value) ? value : []) {
        nodesOf.set(task, [...(nodesOf.get(task) ?? []), hostname]);
      }
    }
    const rows = [...nodesOf].toSorted(([a], [b]) => (a < b ? -1 : 1));
    output.table(
      answersAsJson(answers),
      [{ title: 'TASK' }, { title: 'WORKERS' }],
      rows.map(([task, nodes]) => [task, nodes.join(', ')]),
    );
    return exitCodeOfAnswers(answers);
  });
}

function told({ name, parameters: { names, required, rest }, config, source }: TaskDefinition) {
  const shown = names.map((each, index) => `${each ?? `arg${index}`}${index < required ? '' : '?'}`);
  return {
    name,
    parameters: [...shown, ...(rest ? ['...'] : [])].join(', '),
    queue: config.queue ?? null,
    source,
  };
}
