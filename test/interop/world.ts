import { randomUUID } from 'node:crypto';
import { CeleryFactory, CeleryModule, TaskClient, type CeleryOptions } from '../../lib/index.js';
import { eventually } from '../support/eventually.js';
import { startPythonClient, startPythonWorker } from '../support/python.js';
import { InteropTasks, SharedTasks } from './interop.tasks.js';
import { Lists } from './lists.js';

export interface InteropUrls {
  readonly broker: string;
  readonly backend: string;
  /** A Redis for marks and gates. */
  readonly lists: string;
}

export type InteropQueues = Readonly<Record<'py' | 'js' | 'both' | 'urgentPy' | 'urgentJs', string>>;
export type InteropWorld = Awaited<ReturnType<typeof openInteropWorld>>;

/** Names of queues that nobody else uses. `urgent…` sort by priority. */
export function ownQueues(): InteropQueues {
  const run = randomUUID().slice(0, 8);
  return {
    py: `py-${run}`,
    js: `js-${run}`,
    both: `both-${run}`,
    urgentPy: `urgent-py-${run}`,
    urgentJs: `urgent-js-${run}`,
  };
}

/** What Python needs to be told. */
export const pythonSide = ({ broker, backend, lists }: InteropUrls, queues: InteropQueues) => ({
  broker,
  backend,
  env: { LISTS_URL: lists, INTEROP_QUEUES: JSON.stringify(queues), RESULT_EXTENDED: '1' },
});

/** What our side needs to be told, beside a fleet of Celery 5.2. */
export const ourSide = (
  { broker, backend }: InteropUrls,
  { py, js, both, urgentPy, urgentJs }: InteropQueues,
): CeleryOptions => ({
  broker,
  backend,
  taskQueues: [js, both, ...[urgentPy, urgentJs].map((name) => ({ name, maxPriority: 10 }))],
  taskRoutes: { 'py.*': { queue: py }, 'js.*': { queue: js }, 'both.*': { queue: both } },
  taskTrackStarted: true,
  acceptContent: ['json', 'msgpack', 'yaml'],
  jsonTypedValues: false,
});

/** What our workers have logged. */
const logged: string[] = [];
const record = (line: unknown): void => void logged.push(String(line));
const recorder = { log: record, warn: record, error: record };

/** A worker of ours as applications start one, with the tasks `js.*` and `both.*`. */
export async function startOurWorker(
  options: CeleryOptions,
  lists: Lists,
  queues: readonly string[],
  concurrency = 10,
) {
  const root = {
    module: class InteropModule {},
    imports: [CeleryModule.forRoot(options)],
    providers: [InteropTasks, SharedTasks, { provide: Lists, useValue: lists }],
  };
  const worker = await CeleryFactory.createWorker(root, {
    queues,
    concurrency,
    hostname: 'js@test',
    resultExtended: true,
    logger: recorder,
    handleSignals: false,
  });
  return {
    worker,
    client: worker.app.get(TaskClient),
    [Symbol.asyncDispose]: () => worker.close(2_000),
  };
}

/** One broker and one result backend with a worker and a client of each kind. Queues `py`, `js`: one kind; `both`: both. */
export async function openInteropWorld(urls: InteropUrls) {
  const queues = ownQueues();
  const node = `py@${queues.py}`;
  const lists = new Lists(urls.lists);
  const opened: AsyncDisposable[] = [lists];
  const close = async (): Promise<void> => {
    await Promise.all(opened.splice(1).map((each) => each[Symbol.asyncDispose]()));
    await lists[Symbol.asyncDispose]();
  };
  const opening = async <T extends AsyncDisposable>(promise: Promise<T>): Promise<T> => {
    const each = await promise;
    opened.push(each);
    return each;
  };
  const python = pythonSide(urls, queues);
  const starting = [
    opening(startPythonClient(python)),
    opening(startPythonWorker(python, [queues.py, queues.both], node, 1)),
    opening(startOurWorker(ourSide(urls, queues), lists, [queues.js, queues.both])),
  ] as const;
  await Promise.allSettled(starting);
  const [pythonClient, pythonWorker, ours] = await Promise.all(starting).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    urls,
    queues,
    node,
    lists,
    /** Python's client. */
    python: pythonClient,
    pythonWorker,
    /** What our worker has logged so far. */
    log: (): string => logged.join('\n'),
    /** Our client. */
    client: ours.client,
    worker: ours.worker,
    /** A name for a list or a gate. */
    aList: (): string => `list-${randomUUID()}`,
    [Symbol.asyncDispose]: close,
  };
}

/** Our worker has settled whatever it was given. */
export const idle = ({ worker }: InteropWorld) =>
  eventually(() => worker.status.running + worker.status.waiting + worker.status.held === 0, {
    what: 'an idle worker',
  });

export interface Kept {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content_type: string | null;
  /** base64 */
  readonly body: string;
}

/** What lies in the quarantine of a queue, once it is so many. Takes it out. */
export async function quarantined({ python }: InteropWorld, queue: string, count: number): Promise<Kept[]> {
  const kept: Kept[] = [];
  await eventually(
    async () => {
      const { messages } = await python.ask<{ messages: Kept[] }>('drain', { queue: `${queue}.quarantine` });
      kept.push(...messages);
      return kept.length >= count;
    },
    { what: `${count} messages in the quarantine of ${queue}` },
  );
  return kept;
}
