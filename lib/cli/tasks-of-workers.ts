import type { CeleryApp } from '../nest/celery.app.js';
import { askWorkers, type AskFlags } from './ask-workers.js';
import type { Cli } from './cli.js';

/** Names of the tasks that the workers which answer have. */
export async function tasksOfWorkers(
  app: CeleryApp,
  flags: AskFlags,
  cli: Cli,
): Promise<ReadonlySet<string>> {
  const { replies } = await askWorkers<string[]>(app, 'registered', {}, flags, cli);
  const listed = replies.flatMap(({ value }) => (Array.isArray(value) ? value : []));
  // `mail.send [rate_limit=10/m]`
  return new Set(listed.map((each) => String(each).split(' ')[0] ?? ''));
}
