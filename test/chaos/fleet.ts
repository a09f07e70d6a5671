import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { DIES_WITH_PARENT } from '../support/servers/process.js';
import { ORDER_VARIABLE, READY_LINE, type WorkerOrder } from './order.js';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker process of a run. */
export interface Member {
  readonly pid: number;
  /** Resolves when it is gone. */
  readonly ended: Promise<Ending>;
  readonly running: boolean;
  /** It runs, and no signal was sent to it. */
  readonly serving: boolean;
  signal(signal: NodeJS.Signals): void;
  output(): string;
}

/** Workers as real processes, each started by its own script. They end with this process. */
export class Fleet implements AsyncDisposable {
  readonly #members: Member[] = [];

  /**
   * @param script the compiled `worker.ts`
   * @param nodeOptions for each, its pool's children too
   */
  constructor(
    private readonly script: string,
    private readonly order: WorkerOrder,
    private readonly nodeOptions: readonly string[] = [],
  ) {}

  get running(): readonly Member[] {
    return this.#members.filter((member) => member.running);
  }

  get serving(): readonly Member[] {
    return this.#members.filter((member) => member.serving);
  }

  /** Resolves once it consumes. @throws Error with its output when it ends before, or takes longer than `limitMs` */
  async start(limitMs = 60_000): Promise<Member> {
    const { taskDefaultQueue = 'chaos' } = this.order.app;
    const hostname = `${taskDefaultQueue}-${this.#members.length + 1}@%h`;
    const order = { ...this.order, worker: { ...this.order.worker, hostname } };
    const { member, ready } = launch([...this.nodeOptions, this.script], order);
    this.#members.push(member);
    const late = pause(limitMs, 'late' as const, { ref: false });
    const first = await Promise.race([ready, member.ended, late]);
    if (first === 'ready') return member;
    member.signal('SIGKILL');
    const what = first === 'late' ? `was not ready after ${limitMs} ms` : 'ended while it started';
    throw new Error(`A worker ${what}:\n${member.output()}`);
  }

  /** Tells all to stop, and waits until they are gone. */
  async stop(): Promise<readonly Ending[]> {
    const { running } = this;
    for (const member of running) member.signal('SIGTERM');
    return Promise.all(running.map((member) => member.ended));
  }

  /** What workers complained of, each line once. */
  get complaints(): readonly string[] {
    const lines = this.#members.flatMap((member) => member.output().split('\n'));
    return [...new Set(lines.filter((line) => line.trim() !== '' && !line.includes(READY_LINE)))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { running } = this;
    for (const member of running) member.signal('SIGKILL');
    await Promise.all(running.map((member) => member.ended));
  }
}

const MOST_OUTPUT = 200_000;

function launch(command: readonly string[], order: WorkerOrder) {
  const env = { ...process.env, NO_COLOR: '1', [ORDER_VARIABLE]: JSON.stringify(order) };
  const [program = process.execPath, ...args] = [...DIES_WITH_PARENT, process.execPath, ...command];
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let told = false;
  let onReady = (): void => undefined;
  const ready = new Promise<'ready'>((resolve) => (onReady = () => resolve('ready')));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MOST_OUTPUT);
      if (output.includes(READY_LINE)) onReady();
    });
  }
  const ended = once(child, 'exit').then((): Ending => ({ code: child.exitCode, signal: child.signalCode }));
  const member: Member = {
    pid: child.pid ?? 0,
    ended,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    get serving() {
      return this.running && !told;
    },
    signal(signal) {
      told = true;
      child.kill(signal);
    },
    output: () => output,
  };
  return { member, ready };
}
