import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DIES_WITH_PARENT } from '../test/support/servers/process.js';
import { ORDER_VARIABLE, TOLD, type Order, type Word } from './order.js';

const NODE_ACTOR = fileURLToPath(new URL('actor.js', import.meta.url));
/** Python's files are run from where they lie: benchmarks are compiled elsewhere. */
const PYTHON_FOLDER = join(process.cwd(), 'bench', 'peers');
const PYTHON = '/usr/bin/python3';

/** How long a process may take for what is asked of it. */
const LIMIT_MS = 10 * 60_000;

/** A process of a benchmark: a worker or a client. It ends with this process. */
export class Actor implements AsyncDisposable {
  readonly startedMs = performance.now();
  readonly #heard = new Map<Word, unknown>();
  readonly #waiting = new Map<Word, () => void>();
  readonly #child: ChildProcess;
  #output = '';

  constructor(order: Order) {
    const [program = '', ...args] = [...DIES_WITH_PARENT, ...commandOf(order)];
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      PYTHONDONTWRITEBYTECODE: '1',
      C_FORCE_ROOT: '1',
      [ORDER_VARIABLE]: JSON.stringify(order),
    };
    const cwd = order.peer === 'celery' ? PYTHON_FOLDER : process.cwd();
    this.#child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#read(line));
    }
  }

  /** Its own process and those it started. */
  get pids(): readonly number[] {
    return treeOf(this.#child.pid ?? 0);
  }

  /** Resolves with what it tells, or has told, by that word. @throws Error when it ends before, or takes too long */
  async hear<T>(word: Word, limitMs = LIMIT_MS): Promise<T> {
    const gone = new AbortController();
    const ended = once(this.#child, 'exit', { signal: gone.signal }).catch(() => undefined);
    const late = setTimeout(() => this.#wake(word), limitMs);
    try {
      while (!this.#heard.has(word)) {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw this.#trouble('ended');
        if (performance.now() - this.startedMs > limitMs) throw this.#trouble('took too long');
        await Promise.race([new Promise<void>((resolve) => this.#waiting.set(word, resolve)), ended]);
      }
      return this.#heard.get(word) as T;
    } finally {
      clearTimeout(late);
      gone.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pids } = this;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    for (const pid of pids) kill(pid);
    await ended;
  }

  #read(line: string): void {
    if (!line.startsWith(TOLD)) {
      this.#output = `${this.#output}${line}\n`.slice(-4_000);
      return;
    }
    for (const [word, what] of Object.entries(JSON.parse(line.slice(TOLD.length)) as object)) {
      this.#heard.set(word as Word, what);
      this.#wake(word as Word);
    }
  }

  #wake(word: Word): void {
    this.#waiting.get(word)?.();
    this.#waiting.delete(word);
  }

  #trouble(what: string): Error {
    return new Error(`A process of a benchmark ${what}:\n${this.#output}`);
  }
}

function commandOf({ peer, role, queue, concurrency, extra }: Order): readonly string[] {
  if (peer !== 'celery') return [process.execPath, NODE_ACTOR];
  if (role !== 'work') return [PYTHON, 'celery_peer.py'];
  const worker = ['-m', 'celery', '-A', 'celery_peer', 'worker', '-Q', queue, '-n', `${queue}@bench`];
  const quiet = ['-l', 'WARNING', '--without-mingle', '--without-gossip', '--without-heartbeat'];
  return [PYTHON, ...worker, ...quiet, '-c', String(concurrency), ...(extra === 'events' ? ['-E'] : [])];
}

function treeOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(treeOf)];
  } catch {
    return [pid];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended with its parent.
  }
}
