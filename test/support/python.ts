import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { own, untilUp } from './servers/process.js';

/** From the root: benchmarks run this file from where they were compiled to. */
const FOLDER = join(process.cwd(), 'test', 'interop', 'python');
const PYTHON = '/usr/bin/python3';

export interface PythonUrls {
  readonly broker: string;
  readonly backend: string;
  /** What else the app reads from its environment: see interop_app.py. */
  readonly env?: Readonly<Record<string, string>>;
  /** Module of its app. Default `interop_app`. */
  readonly app?: string;
}

/** A real Python Celery worker (prefork, two children by default) on these queues; resolves when it is ready. */
export async function startPythonWorker(
  urls: PythonUrls,
  queues: readonly string[],
  name = 'py@test',
  processes = 2,
  /** Whether it asks other workers at its start, and listens to them. */
  sociable = false,
) {
  const app = urls.app ?? 'interop_app';
  const command = [PYTHON, '-m', 'celery', '-A', app, 'worker', '-Q', queues.join(','), '-n', name];
  const alone = sociable ? [] : ['--without-mingle', '--without-gossip'];
  const flags = ['-c', String(processes), '-l', 'INFO', ...alone];
  const worker = own([...command, ...flags], environment(urls), FOLDER);
  await untilUp(worker, 'Python worker', async () => /\bready\.\s*$/m.test(worker.output()));
  return {
    pid: worker.pid,
    output: () => worker.output(),
    /** SIGKILL, to it and its children. */
    kill: async () => {
      const children = await readFile(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8');
      await worker.end();
      for (const child of children.split(' ').filter(Boolean)) endIfAlive(Number(child));
    },
    [Symbol.asyncDispose]: () => worker.end(5_000),
  };
}

/** Celery's command line in a process of its own, for what goes on until it is ended. */
export async function startCelery(urls: PythonUrls, args: readonly string[]) {
  const celery = own([PYTHON, '-m', 'celery', '-A', 'interop_app', ...args], environment(urls), FOLDER);
  return { output: () => celery.output(), [Symbol.asyncDispose]: () => celery.end(5_000) };
}

/** A real Python beat with the entries of `BEAT_SCHEDULE` in its environment; its file is `file`. */
export async function startPythonBeat(urls: PythonUrls, file: string) {
  const command = [PYTHON, '-m', 'celery', '-A', 'interop_app', 'beat', '-s', file, '--pidfile='];
  const beat = own([...command, '--max-interval', '1', '-l', 'INFO'], environment(urls), FOLDER);
  await untilUp(beat, 'Python beat', async () => /beat: Starting/.test(beat.output()));
  return { output: () => beat.output(), [Symbol.asyncDispose]: () => beat.end(5_000) };
}

export interface PythonAnswer {
  readonly id: string;
  readonly state: string;
  readonly value?: unknown;
  readonly info?: unknown;
  readonly timeout?: boolean;
  readonly error?: string;
  readonly args?: readonly string[];
  readonly traceback?: string;
  /** `repr()` of the value. */
  readonly repr?: string;
  /** States that came while it waited. */
  readonly states?: readonly string[];
  readonly children?: readonly string[];
  /** What `result_extended` adds. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** How `send` differs from a plain call: see drive.py. */
export interface PythonSend {
  readonly kwargs?: object;
  readonly options?: object;
  readonly link?: object;
  readonly link_error?: object;
  readonly eta_in?: number;
  readonly expires_in?: number;
  readonly args_expr?: string;
  readonly protocol?: 1 | 2;
}

/** A Python Celery client in a process of its own; one request at a time. */
export async function startPythonClient(urls: PythonUrls, script = 'drive.py') {
  const child = spawn(PYTHON, [script], {
    cwd: FOLDER,
    env: environment(urls),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <A = PythonAnswer>(): Promise<A> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The Python client ended');
    const parsed = JSON.parse(value) as A & { driver_error?: string };
    if (parsed.driver_error !== undefined) throw new Error(`Python client: ${parsed.driver_error}`);
    return parsed;
  };
  await answer();
  /** Any operation of drive.py. */
  const ask = <A = PythonAnswer>(op: string, request: object): Promise<A> => {
    child.stdin.write(`${JSON.stringify({ op, ...request })}\n`);
    return answer<A>();
  };
  return {
    ask,
    send: (task: string, args: readonly unknown[] = [], rest: PythonSend = {}) =>
      ask('send', { task, args, ...rest }),
    get: (id: string, timeout = 20) => ask('get', { id, timeout }),
    state: (id: string) => ask('state', { id }),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function environment(urls: PythonUrls): NodeJS.ProcessEnv {
  const { PATH, LANG } = process.env;
  return {
    PATH,
    LANG,
    BROKER_URL: urls.broker,
    RESULT_BACKEND: urls.backend,
    PYTHONUNBUFFERED: '1',
    HOME: '/tmp',
    PYTHONDONTWRITEBYTECODE: '1',
    C_FORCE_ROOT: '1',
    ...urls.env,
  };
}

function endIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It noticed the end of its parent before.
  }
}
