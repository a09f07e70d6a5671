import type { CeleryApp } from '../nest/celery.app.js';
import { compileGlob } from '../runtime/glob.js';
import { QuarantineReader, type QuarantinedMessage } from '../worker/quarantine.reader.js';
import { askWorkers } from './ask-workers.js';
import type { Cli } from './cli.js';
import { chosenQueues } from './queue-names.js';

export interface Where {
  readonly queues: readonly string[] | undefined;
  readonly deadLetters: readonly string[] | undefined;
  readonly timeout: number | undefined;
}

export interface Which {
  readonly task: string | undefined;
  readonly reason: string | undefined;
}

export function openReader({ broker, queues }: CeleryApp, { clock }: Cli): QuarantineReader {
  return new QuarantineReader(broker, clock, (name) => queues.get(name));
}

/** Where to look: the quarantines of the queues that are named, or known, as far as there is something in them. */
export async function quarantines(app: CeleryApp, where: Where, cli: Cli): Promise<readonly string[]> {
  if (where.deadLetters !== undefined) return where.deadLetters;
  const consumed = where.queues === undefined ? await consumedQueues(app, where.timeout, cli) : [];
  const names = chosenQueues(app, { queues: where.queues, excludeQueues: undefined }, consumed).map(
    ({ name }) => QuarantineReader.queueOf(name),
  );
  const sizes = await Promise.all(names.map((name) => app.broker.size(name)));
  return names.filter((_, index) => (sizes[index] ?? 0) > 0);
}

/** @param ids undefined or none: all */
export function matching(
  { task, reason }: Which,
  ids: readonly string[],
): (message: QuarantinedMessage) => boolean {
  const isTask = task === undefined ? undefined : compileGlob(task);
  return (message) =>
    (ids.length === 0 || (message.taskId !== undefined && ids.includes(message.taskId))) &&
    (isTask === undefined || (message.task !== undefined && isTask(message.task))) &&
    (reason === undefined || message.reason?.toLowerCase().includes(reason.toLowerCase()) === true);
}

/** For `--json`; the body as text where it is text. */
export function quarantinedAsJson({ message, ...rest }: QuarantinedMessage, whole: boolean): object {
  if (!whole) return rest;
  const { body, headers, properties, contentType, contentEncoding } = message;
  return { ...rest, contentType, contentEncoding, properties, headers, body: bodyText(body) };
}

export function bodyText(body: Buffer): string {
  const asText = body.toString('utf8');
  return Buffer.from(asText, 'utf8').equals(body) ? asText : `base64:${body.toString('base64')}`;
}

async function consumedQueues(app: CeleryApp, timeout: number | undefined, cli: Cli): Promise<string[]> {
  const { replies } = await askWorkers<{ readonly name: string }[]>(
    app,
    'active_queues',
    {},
    { timeout },
    cli,
  );
  const all = replies.flatMap(({ value }) => (Array.isArray(value) ? value : []));
  return [...new Set(all.map(({ name }) => name).filter((name) => typeof name === 'string'))];
}
