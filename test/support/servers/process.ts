import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A server process that a test started, known by its pid and ended by it. */
export interface OwnedProcess {
  readonly pid: number;
  /** What it wrote so far, for the error of a start that failed. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Ends it: politely first, for certain after `graceMs`. */
  end(graceMs?: number): Promise<void>;
  readonly running: boolean;
}

/** `setpriv --pdeathsig` ends the server with the test process, also when that is killed. */
export const DIES_WITH_PARENT: readonly string[] = existsSync('/usr/bin/setpriv')
  ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--']
  : [];

export function own(command: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): OwnedProcess {
  const [program = '', ...args] = [...DIES_WITH_PARENT, ...command];
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const written: string[] = [];
  const keep = (chunk: Buffer): void => {
    written.push(chunk.toString());
    if (written.length > 500) written.splice(0, 250);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => written.push(String(error)));
  return {
    pid: child.pid ?? 0,
    output: () => written.join(''),
    signal: (signal) => void child.kill(signal),
    end: (graceMs = 0) => endChild(child, graceMs),
    get running() {
      return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
    },
  };
}

async function endChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGCONT');
  if (graceMs > 0) {
    child.kill('SIGTERM');
    await Promise.race([gone, wait(graceMs, undefined, { ref: false })]);
  }
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await gone;
}

/** Resolves when `check` does; polls a starting server, and fails with its output when it ended or took too long. */
export async function untilUp(
  server: OwnedProcess,
  name: string,
  check: () => Promise<boolean>,
  limitMs = 60_000,
) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    if (await check().catch(() => false)) return;
    if (!server.running) throw new Error(`${name} ended while starting:\n${server.output()}`);
    if (Date.now() > deadline) throw new Error(`${name} was not up after ${limitMs} ms:\n${server.output()}`);
    await wait(50);
  }
}

/** Sends `greeting` and says whether the answer begins as expected. */
export function answers(port: number, greeting: string, expected: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(greeting, 'latin1'));
    const finish = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.on('data', (data) => finish(data.toString('latin1').startsWith(expected)));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
  });
}
