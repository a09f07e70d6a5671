import { randomUUID } from 'node:crypto';
import { CeleryApp, readCeleryOptions, type Worker } from '../../lib/index.js';
import type { Log } from '../../lib/runtime/logger.js';
import type { WorkerOptions } from '../../lib/worker/worker.options.js';
import { startPythonClient, startPythonWorker } from '../support/python.js';
import { Lists } from './lists.js';
import type { InteropUrls } from './world.js';

export type ControlWorld = Awaited<ReturnType<typeof openControlWorld>>;

/** A worker of ours and one of Python's on a broker, each with its queue, and clients of both kinds. */
export async function openControlWorld(urls: InteropUrls, ours: WorkerOptions = {}) {
  const run = randomUUID().slice(0, 8);
  const [js, py] = [`js-${run}`, `py-${run}`];
  const pyNode = `py@${run}`;
  const lists = new Lists(urls.lists);
  const python = {
    broker: urls.broker,
    backend: urls.backend,
    env: { LISTS_URL: urls.lists, INTEROP_QUEUES: JSON.stringify({ py, js }) },
  };
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  const log: Log = { debug: keep, log: keep, warn: keep, error: keep };
  const config = readCeleryOptions({
    broker: urls.broker,
    backend: urls.backend,
    taskRoutes: { 'py.*': { queue: py }, 'js.*': { queue: js } },
    taskSendSentEvent: true,
  });
  const app = await CeleryApp.open(config, { log });
  app.defineTask('js.add', { maxRetries: 2 }, (a: number, b: number) => a + b);
  app.defineTask('js.fail', {}, (message: string) => {
    throw new RangeError(message);
  });
  app.defineTask('js.wait', {}, (gate: string) => lists.passed(gate));
  const jsNode = `js@${run}`;
  const opened: AsyncDisposable[] = [{ [Symbol.asyncDispose]: () => app.close(2_000) }];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((each) => each[Symbol.asyncDispose]()));
    await lists[Symbol.asyncDispose]();
  };
  const opening = async <T extends AsyncDisposable>(promise: Promise<T>): Promise<T> => {
    const each = await promise;
    opened.push(each);
    return each;
  };
  const starting = [
    opening(startPythonClient(python)),
    opening(startPythonWorker(python, [py], pyNode, 1)),
    app.startWorker({ queues: [js], hostname: jsNode, concurrency: 4, ...ours }),
  ] as const;
  await Promise.allSettled(starting);
  const [pythonClient, pythonWorker, worker] = await Promise.all(starting).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  /** One call of Celery's own command line, as an operator types it. */
  const cli = async (...args: string[]): Promise<CliAnswer> => pythonClient.ask<CliAnswer>('cli', { args });
  /** The same about our worker alone: what it answered, parsed. */
  const asked = async (kind: 'inspect' | 'control', ...args: string[]): Promise<unknown> => {
    const { code, output } = await cli(kind, '-d', jsNode, '-t', '20', '--json', ...args);
    if (code !== 0) throw new Error(`celery ${kind} ${args.join(' ')} exited with ${code}: ${output}`);
    // `inspect` prints an object, `control` a list of them.
    const json = output.split('\n').find((line) => /^[{[]/.test(line)) ?? '[]';
    const replies = [JSON.parse(json) as Record<string, unknown>].flat();
    return replies.find((reply) => jsNode in reply)?.[jsNode];
  };
  return {
    app,
    worker: worker satisfies Worker,
    python: pythonClient,
    pythonWorker,
    pythonUrls: python,
    js,
    py,
    jsNode,
    pyNode,
    lists,
    lines,
    cli,
    asked,
    aGate: (): string => `gate-${randomUUID()}`,
    [Symbol.asyncDispose]: close,
  };
}

export interface CliAnswer {
  readonly code: number;
  readonly output: string;
}
